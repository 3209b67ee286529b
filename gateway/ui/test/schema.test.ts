import { expect, test } from 'vitest';
import hello from '../fake/openapi/hello.json';
import streaming from '../fake/openapi/streaming.json';
import transcribe from '../fake/openapi/transcribe.json';
import { problemsAt, problemsOf } from '../src/lib/problems';
import { blankOf, type Document, fieldsOf, methodsOf, typeOf, wantsSound } from '../src/lib/schema';

const documents = { hello, streaming, transcribe } as unknown as Record<string, Document>;

function methodOf(chain: string, name: string) {
  const method = methodsOf(documents[chain]!).find((each) => each.name === name);
  if (!method) throw new Error(`${chain} has no ${name}`);
  return method;
}

test('methods of a chain are those of its entrypoint: none that queue, wake or ask for a result', () => {
  expect(methodsOf(documents.hello!).map((method) => method.name)).toEqual(['run_remote']);
  expect(methodsOf(documents.streaming!).map((method) => method.rpc)).toEqual([
    'RunRemote',
    'Gather',
    'SumUp',
    'Echo',
  ]);
});

test('a method says which way it streams, and what its messages are called', () => {
  const [run, sum, echo] = ['run_remote', 'sum_up', 'echo'].map((name) =>
    methodOf('streaming', name),
  );
  expect([run!.takesStream, run!.answersStream]).toEqual([false, true]);
  expect([sum!.takesStream, sum!.answersStream]).toEqual([true, false]);
  expect([echo!.takesStream, echo!.answersStream]).toEqual([true, true]);
  expect([run!.requestMessage, run!.replyMessage]).toEqual([
    'streaming.GeneratorRequest',
    'streaming.Part',
  ]);
  expect(run!.about).toContain('What Generator makes, as it comes');
  expect([run!.canBeRead, sum!.canBeRead]).toEqual([true, false]);
});

test('fields have the type, the bounds and the comment of the contract', () => {
  const { fields } = fieldsOf(documents.streaming!, methodOf('streaming', 'run_remote').request);
  expect(fields.map((field) => field.name)).toEqual([
    'items',
    'interval_ms',
    'cause_error',
    'text_bytes',
  ]);
  expect(fields[0]).toMatchObject({
    required: false,
    type: { kind: 'integer', wide: false, maximum: 2147483647 },
  });
  expect(fields[0]!.about).toContain('4 by default');
  expect(fields[2]!.type.kind).toBe('boolean');
  const number = fieldsOf(documents.streaming!, methodOf('streaming', 'sum_up').request).fields[0];
  expect(number).toMatchObject({
    name: 'number',
    required: true,
    type: { kind: 'integer', wide: true },
  });
});

test('a oneof is a choice, with its own comment, and not among the texts of its message', () => {
  const { fields, choices, about } = fieldsOf(
    documents.transcribe!,
    methodOf('transcribe', 'run_remote').request,
  );
  expect(choices).toHaveLength(1);
  expect(choices[0]).toMatchObject({
    members: ['media', 'media_path', 'media_url'],
    required: true,
  });
  expect(choices[0]!.about).toMatch(/^The recording: a whole file/);
  expect(about).toBe('');
  expect(fields.map((field) => field.type.kind)).toEqual(['bytes', 'text', 'text', 'message']);
});

test('a oneof of a message inside is known by its description', () => {
  const { choices } = fieldsOf(
    {},
    { type: 'object', description: 'Words.\n\nAt most one of `a`, `b`.', properties: {} },
  );
  expect(choices).toEqual([{ members: ['a', 'b'], required: false, about: '' }]);
});

test('bytes that are sound are told from others by what is said of them', () => {
  expect(wantsSound({ name: 'media', about: '' })).toBe(true);
  expect(wantsSound({ name: 'data', about: 'A piece of a recording' })).toBe(true);
  expect(wantsSound({ name: 'picture', about: 'A PNG.' })).toBe(false);
});

test('what a form begins with has what is required, and nothing else', () => {
  const blank = (chain: string, name: string) =>
    blankOf(documents[chain]!, { kind: 'message', schema: methodOf(chain, name).request });
  expect(blank('hello', 'run_remote')).toEqual({ names: [''] });
  expect(blank('streaming', 'run_remote')).toEqual({});
  expect(blank('transcribe', 'run_remote')).toEqual({ media: '' });
});

test('messages that hold themselves end', () => {
  const tree: Document = {
    components: {
      schemas: {
        Tree: {
          type: 'object',
          required: ['left', 'all'],
          properties: {
            left: { $ref: '#/components/schemas/Tree' },
            all: { type: 'array', items: { $ref: '#/components/schemas/Tree' } },
          },
        },
      },
    },
  };
  expect(
    JSON.stringify(blankOf(tree, typeOf(tree, { $ref: '#/components/schemas/Tree' }))).length,
  ).toBeLessThan(2000);
});

test('maps, enums, structs and references that lead nowhere have a type, too', () => {
  const kind = (schema: object) => typeOf({}, schema).kind;
  expect(kind({ type: 'object', additionalProperties: { type: 'string' } })).toBe('map');
  expect(kind({ type: 'string', enum: ['A', 'B'] })).toBe('enum');
  expect(kind({ type: 'object', additionalProperties: true })).toBe('json');
  expect(kind({ type: 'array', items: {} })).toBe('json');
  expect(kind({ $ref: '#/components/schemas/Gone' })).toBe('json');
});

test('problems are named where they are', () => {
  const problems = (chain: string, name: string, value: Parameters<typeof problemsOf>[2]) =>
    problemsOf(documents[chain]!, methodOf(chain, name).request, value);
  expect(problems('hello', 'run_remote', { names: ['Ada'] })).toEqual([]);
  expect(problems('hello', 'run_remote', {})).toEqual([{ path: ['names'], text: 'is required' }]);
  expect(problemsAt(problems('hello', 'run_remote', { names: ['Ada', 7] }), ['names', 1])).toEqual([
    'text is expected',
  ]);
  expect(problems('streaming', 'run_remote', { items: 1.5 })[0]!.text).toBe(
    'a whole number is expected',
  );
  expect(problems('streaming', 'run_remote', { items: 3e9 })[0]!.text).toContain('at most');
  expect(problems('streaming', 'sum_up', { number: '9007199254740993' })).toEqual([]);
  expect(problems('transcribe', 'run_remote', { media: '@a.wav' })).toEqual([]);
  expect(problems('transcribe', 'run_remote', { media: '!' })[0]!.text).toContain('base64');
  expect(problems('transcribe', 'run_remote', { media: '', media_url: 'x' })[0]!.text).toContain(
    'only one of',
  );
  expect(problems('transcribe', 'run_remote', {})[0]!.text).toContain(
    'one of media, media_path, media_url',
  );
  expect(problems('hello', 'run_remote', [])[0]!.text).toContain('an object');
});
