// node client_test.js BASE KEY: calls a gateway through the client that was generated of its
// /openapi.json. It is compiled in strict mode: names and types below are the generator's.
import { createClient } from './client/client';
import type { Failure, Part } from './client';
import {
  helloDeployment8F3aRunRemote,
  helloProductionGetRunRemote,
  helloProductionRunRemote,
  poemsProductionWritePoem,
  streamingProductionGather,
  streamingProductionRunRemote,
} from './client';

declare const process: { argv: string[]; exitCode: number };

const [baseUrl = '', key = ''] = process.argv.slice(2);
const client = createClient({ baseUrl, auth: (scheme) => (scheme.scheme === 'bearer' ? key : undefined) });

function equal(actual: unknown, expected: unknown) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${a} is not ${b}`);
}

const failing = { items: 4, interval_ms: 0, cause_error: true };

// The lines of NDJSON as they come; the last may be a failure.
async function* lines<Item>(stream: ReadableStream<Uint8Array>): AsyncGenerator<Item | Failure> {
  const reader = stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let text = '';
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    text += next.value;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      yield JSON.parse(text.slice(0, end)) as Item | Failure;
      text = text.slice(end + 1);
    }
  }
  equal(text, '');
}

const tests: Record<string, () => Promise<void>> = {
  async 'a unary call answers the bare result'() {
    const { data, error, response } = await helloProductionRunRemote({
      client,
      body: { names: ['Ada', 'Sid'] },
      headers: { 'X-Request-Id': 'of-typescript', 'Chains-Timeout': '5s' },
    });
    equal(error, undefined);
    const text: string | undefined = data;
    equal(text, 'Hello, Ada\nHello, Sid');
    equal(response.headers.get('X-Request-Id'), 'of-typescript');
  },

  async 'an older deployment is called alike'() {
    const { data } = await helloDeployment8F3aRunRemote({ client, body: { names: ['Bola'] } });
    equal(data, 'Hello, Bola');
  },

  async 'what changes nothing can be asked for by GET'() {
    const { data } = await helloProductionGetRunRemote({ client, query: { names: ['Ada', 'Sid'] } });
    equal(data, 'Hello, Ada\nHello, Sid');
  },

  async 'a wrong input is a typed failure'() {
    // @ts-expect-error: the contract says that names are strings, and the compiler knows.
    const { data, error, response } = await helloProductionRunRemote({ client, body: { names: 7 } });
    equal(data, undefined);
    equal(response.status, 400);
    const failure: Failure | undefined = error;
    equal(failure?.error.code, 'INVALID_ARGUMENT');
    equal(failure?.error.message.includes('names'), true);
  },

  async 'what is missing is a failure of the compiler and of the gateway'() {
    // @ts-expect-error: `names` is required.
    const { error } = await helloProductionRunRemote({ client, body: {} });
    equal(error?.error.code, 'INVALID_ARGUMENT');
  },

  async 'nobody calls without a key'() {
    const { error, response } = await helloProductionRunRemote({ client, auth: undefined, body: { names: [] } });
    equal([response.status, error?.error.code], [401, 'UNAUTHENTICATED']);
  },

  async 'a failure of a chainlet has its path'() {
    const { error } = await poemsProductionWritePoem({ client, body: { word: 'bird' } });
    equal(error?.error.code, 'UNAVAILABLE');
    equal(error?.error.path.map((hop) => hop.chainlet), ['poems.PoemGenerator', 'poems.PhiLlm']);
  },

  async 'a stream is read by fetch, item by item'() {
    const { data, error } = await streamingProductionRunRemote({
      client,
      body: { items: 3, interval_ms: 0 },
      parseAs: 'stream',
    });
    equal(error, undefined);
    const parts: Part[] = [];
    for await (const part of lines<Part>(data as unknown as ReadableStream<Uint8Array>)) {
      if ('error' in part) throw new Error(part.error.message);
      parts.push(part);
    }
    equal(parts[0]?.header?.items, 3);
    equal(parts.slice(1, -1).map((part) => part.item?.number), [1, 2, 3]);
    equal(parts.at(-1)?.footer?.items, 3);
  },

  // What was not read yet is thrown away by fetch when a stream breaks off, so that the last line,
  // the failure, may not be seen.
  async 'a failure in mid-stream never looks like an end'() {
    const { data } = await streamingProductionRunRemote({ client, body: failing, parseAs: 'stream' });
    let broken = false;
    try {
      for await (const part of lines<Part>(data as unknown as ReadableStream<Uint8Array>)) {
        if ('error' in part) equal(part.error.code, 'ABORTED');
      }
    } catch {
      broken = true;
    }
    equal(broken, true);
  },

  async 'of events a failure in mid-stream is the last one, and read in any case'() {
    const { data } = await streamingProductionRunRemote({
      client,
      body: failing,
      headers: { Accept: 'text/event-stream' } as Record<string, string>,
      parseAs: 'stream',
    });
    const text = await new Response(data as unknown as ReadableStream<Uint8Array>).text();
    const [event, ...fields] = (text.trimEnd().split('\n\n').at(-1) ?? '').split('\n');
    equal(event, 'event: error');
    const json = fields.find((field) => field.startsWith('data: '))?.slice('data: '.length) ?? '{}';
    equal((JSON.parse(json) as Failure).error.code, 'ABORTED');
  },

  async 'a stream is gathered to an array for who accepts JSON'() {
    const { data } = await streamingProductionRunRemote({
      client,
      body: { items: 2, interval_ms: 0 },
      headers: { Accept: 'application/json' } as Record<string, string>,
    });
    equal(data?.map((part) => part.item?.number ?? 0), [0, 1, 2, 0]);
  },

  async 'messages inside of a reply have types of their own'() {
    const { data } = await streamingProductionGather({ client, body: { items: 2, interval_ms: 0 } });
    equal(data?.items.map((item) => item.number), [1, 2]);
  },
};

async function main() {
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`ok: ${name}`);
    } catch (error) {
      console.log(`FAILED: ${name}: ${error}`);
      process.exitCode = 1;
    }
  }
  if (!process.exitCode) console.log('all passed');
}

void main();
