import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import hello from '../fake/openapi/hello.json';
import streaming from '../fake/openapi/streaming.json';
import transcribe from '../fake/openapi/transcribe.json';
import { base64Of, bodyOf, fileFields } from '../src/lib/body';
import type { Json } from '../src/lib/json';
import { type Document, methodsOf } from '../src/lib/schema';
import { type Call, cppLiteral, pythonLiteral, shellQuoted, snippet } from '../src/lib/snippets';

const documents = { hello, streaming, transcribe } as unknown as Record<string, Document>;

function callOf(chain: string, name: string, request: Json, files: [string, string][] = []): Call {
  return {
    url: `http://127.0.0.1:8080/chains/${chain}/production/${name}`,
    grpc: '127.0.0.1:8081',
    chain,
    environment: 'production',
    deployment: '',
    entrypoint: {
      hello: 'hello.HelloAll',
      streaming: 'streaming.Consumer',
      transcribe: 'transcribe.Transcribe',
    }[chain]!,
    method: methodsOf(documents[chain]!).find((method) => method.name === name)!,
    request,
    files: new Map(files),
  };
}

const EVIL = `'; rm -rf "$HOME" \`id\` \\ 😀\n`;

test('a shell reads back what was quoted for it', () => {
  expect(execFileSync('sh', ['-c', `printf %s ${shellQuoted(EVIL)}`]).toString()).toBe(EVIL);
});

test('curl sends JSON, lines or a form', () => {
  expect(snippet('curl', callOf('hello', 'run_remote', { names: ['Ada'] }))).toBe(
    [
      "curl -X POST 'http://127.0.0.1:8080/chains/hello/production/run_remote' \\",
      '  -H "Authorization: Api-Key $CHAINS_API_KEY" \\',
      `  -d '{"names":["Ada"]}'`,
      '',
    ].join('\n'),
  );
  expect(snippet('curl', callOf('streaming', 'run_remote', {}))).toContain('curl -N -X POST');
  expect(snippet('curl', callOf('streaming', 'sum_up', [{ number: 1 }, { number: 2 }]))).toContain(
    `--data-binary '{"number":1}\n{"number":2}\n'`,
  );
  const upload = callOf(
    'transcribe',
    'run_remote',
    { media: '@a.wav', params: { allow_partial: true } },
    [['media', 'a.wav']],
  );
  expect(snippet('curl', upload)).toContain("-F 'media=@a.wav'");
  expect(snippet('curl', upload)).toContain(
    `-F 'params={"allow_partial":true};type=application/json'`,
  );
});

test('Python has its own words for some values', () => {
  expect(pythonLiteral({ a: [true, null, 1.5, EVIL] })).toBe(
    `{"a": [True, None, 1.5, ${JSON.stringify(EVIL)}]}`,
  );
  expect(snippet('Python', callOf('hello', 'run_remote', { names: ['Ada'] }))).toContain(
    'json=request',
  );
});

test('Python scripts compile', () => {
  const calls = [
    callOf('hello', 'run_remote', { names: [EVIL, 'x'.repeat(100)] }),
    callOf('streaming', 'run_remote', { items: 3 }),
    callOf('streaming', 'sum_up', [{ number: '1' }]),
    callOf('streaming', 'echo', [{ text: EVIL }]),
    callOf('transcribe', 'run_remote', { media: '@a.wav', params: {} }, [['media', 'a.wav']]),
  ];
  for (const call of calls) {
    execFileSync('python3', ['-c', 'import sys; compile(sys.stdin.read(), "snippet", "exec")'], {
      input: snippet('Python', call),
    });
  }
});

test('C++ calls the stub of the entrypoint, and its texts end where they should', () => {
  const text = snippet('C++', callOf('hello', 'run_remote', { names: [')"'] }));
  expect(text).toContain('hello::HelloAll::NewStub(channel)->RunRemote(&context, request, &reply)');
  expect(text).toContain('AddMetadata("chains-environment", "production")');
  expect(cppLiteral(')"')).toBe('R"json()")json"');
  expect(cppLiteral(')" )json"')).toBe('R"jsonx()" )json")jsonx"');
  expect(snippet('C++', callOf('streaming', 'echo', [{ text: 'a' }]))).toContain(
    'stream->WritesDone();',
  );
  expect(
    snippet('C++', callOf('transcribe', 'run_remote', { media: '@a.wav' }, [['media', 'a.wav']])),
  ).toContain('request.set_media(FileAt("a.wav"));');
});

test('a file of a field goes into a form, last; others as JSON', async () => {
  const document = documents.transcribe!;
  const method = callOf('transcribe', 'run_remote', {}).method;
  const files = new Map([['a.wav', new Blob(['abc'])]]);
  const request = { media: '@a.wav', params: { allow_partial: true } };
  expect([...fileFields(document, method, request, files)]).toEqual([['media', 'a.wav']]);
  const { body, contentType } = await bodyOf(document, method, request, files);
  expect(contentType).toBe('');
  expect([...(body as FormData).keys()]).toEqual(['params', 'media']);
  expect(await ((body as FormData).get('media') as File).text()).toBe('abc');
});

test('without a form, or deeper inside, a file becomes base64', async () => {
  const document = documents.transcribe!;
  const method = { ...callOf('transcribe', 'run_remote', {}).method, takesForm: false };
  const files = new Map([['a.wav', new Blob(['abc'])]]);
  expect(await bodyOf(document, method, { media: '@a.wav' }, files)).toEqual({
    body: '{"media":"YWJj"}',
    contentType: 'application/json',
  });
  await expect(bodyOf(document, method, { media: '@b.wav' }, files)).rejects.toThrow(
    'no such file',
  );
  expect(base64Of(new Uint8Array(100_000)).length).toBe(133_336);
});

test('a stream of requests is a line each', async () => {
  const { method } = callOf('streaming', 'sum_up', []);
  const sent = await bodyOf(
    documents.streaming!,
    method,
    [{ number: 1 }, { number: 2 }],
    new Map(),
  );
  expect(sent).toEqual({
    body: '{"number":1}\n{"number":2}\n',
    contentType: 'application/x-ndjson',
  });
});
