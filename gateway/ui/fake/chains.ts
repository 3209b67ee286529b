// The chains' own paths: "/chains/hello/production/run_remote", "…/openapi.json". Documents are those
// that a gateway wrote, with fewer responses.
import type { Json, JsonObject } from '../src/lib/json';
import { failure, json, later, Refusal, streamed } from './http';
import hello from './openapi/hello.json';
import streaming from './openapi/streaming.json';
import transcribe from './openapi/transcribe.json';
import { type Kept, keepTrace } from './traces';

const documents: Record<string, object> = { hello, transcribe };

/** Undefined: it is no path of a chain. */
export async function chainPath(path: string, request: Request): Promise<Response | undefined> {
  const [, chain = '', target = '', method = ''] =
    /^\/chains\/([^/]+)\/(.+)\/(\w+|openapi\.json)$/.exec(path) ?? [];
  if (chain === '') return undefined;
  if (method === 'openapi.json') {
    return json({
      ...(documents[chain] ?? streaming),
      servers: [{ url: `/chains/${chain}/${target}` }],
    });
  }
  try {
    return await called(chain, method, request);
  } catch (thrown) {
    if (thrown instanceof Refusal) return failure(thrown.code, thrown.message);
    throw thrown;
  }
}

async function called(chain: string, method: string, request: Request): Promise<Response> {
  const id = /^00-([0-9a-f]{32})-/.exec(request.headers.get('traceparent') ?? '')?.[1];
  const sent = await requestOf(request);
  const kept: Partial<Kept> = { id: id ?? '', chain, method, why: 'asked' };
  if (chain === 'hello') {
    const names = sent.names;
    if (!Array.isArray(names))
      throw new Refusal('INVALID_ARGUMENT', '1:10: names: a list is expected');
    keepTrace({ ...kept, us: 3400, calls: Math.min(names.length, 20) });
    return json(names.map((name) => `Hello, ${name}`).join('\n'), 200, {
      'X-Request-Id': 'a1b2c3d4e5f60718',
      'Chains-Receipt': JSON.stringify(receiptOf(names.length)),
    });
  }
  if (chain === 'transcribe' && method === 'run_remote') {
    await later(400, request.signal);
    keepTrace({ ...kept, us: 412_000, calls: 6 });
    return json(TRANSCRIPT, 200, { 'X-Request-Id': 'b1b2c3d4e5f60718' });
  }
  keepTrace({ ...kept, us: 300_000, calls: 2 });
  if (method === 'sum_up') return json('42');
  return streamed(parts(sent, request.signal), true);
}

async function requestOf(request: Request): Promise<JsonObject> {
  if (request.headers.get('Content-Type')?.startsWith('multipart/')) {
    const form = await request.formData();
    return Object.fromEntries([...form.keys()].map((name) => [name, 'a file']));
  }
  try {
    return JSON.parse((await request.text()).split('\n')[0] ?? '') as JsonObject;
  } catch (error) {
    throw new Refusal('INVALID_ARGUMENT', `The body is no JSON: ${(error as Error).message}`);
  }
}

async function* parts(sent: JsonObject, signal: AbortSignal): AsyncGenerator<Json> {
  const items = Number(sent.items ?? 4);
  yield { header: { message: 'Begins.', items } };
  for (let number = 1; number <= items && !signal.aborted; ++number) {
    await later(Number(sent.interval_ms ?? 50), signal);
    if (sent.cause_error && number > 2) throw new Refusal('ABORTED', 'It was asked to fail.');
    yield { item: { number, text: `item ${number}` } };
  }
  yield { footer: { message: 'Done.', items } };
}

function receiptOf(names: number) {
  const said = (i: number) => ({
    chainlet: 'hello.SayHello',
    method: 'RunRemote',
    replica: `SayHello-${i % 2}`,
    attempt: 1,
    code: 'OK',
    start_us: 720 + i * 90,
    elapsed_us: 1500,
    total_us: 40,
    user_us: 12,
    queue_us: 4,
    serialize_us: 9,
    network_us: 1420,
  });
  return {
    call: {
      chainlet: 'hello.HelloAll',
      method: 'RunRemote',
      replica: 'HelloAll-0',
      attempt: 1,
      code: 'OK',
      start_us: 48,
      elapsed_us: 2980,
      total_us: 1603,
      user_us: 16,
      serialize_us: 24,
      network_us: 1302,
      calls: Array.from({ length: Math.min(names, 6) }, (_, i) => said(i)),
    },
  };
}

const TRANSCRIPT = {
  segments: [
    {
      start_time_sec: 0,
      end_time_sec: 4.6,
      text: 'go forward ten meters',
      language: 'English',
      language_code: 'en',
    },
    {
      start_time_sec: 4.6,
      end_time_sec: 8.1,
      text: 'and then turn left',
      language: 'English',
      language_code: 'en',
    },
  ],
  input_duration_sec: 8.1,
  processing_duration_sec: 0.41,
  speedup: 19.7,
  failed_segments: 0,
};
