import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { broken } from '../fake/methods';
import { fakeFetch } from '../fake/server';
import { call, failureOf, gatewayUrl, pageUrl, whenSignedOut } from '../src/api/client';
import { type ApiError, asApiError, errorIn } from '../src/api/errors';
import { jsonLines } from '../src/api/lines';

const answering = (response: () => Response | Promise<Response>) =>
  vi.stubGlobal('fetch', async () => response());

beforeEach(() => {
  vi.stubGlobal('document', { baseURI: 'http://localhost/ui/#/chain/hello' });
  vi.stubGlobal('fetch', fakeFetch);
});
afterEach(() => {
  vi.unstubAllGlobals();
  broken.clear();
});

async function failing(promise: Promise<unknown>): Promise<ApiError> {
  return promise.then(
    () => expect.unreachable(),
    (thrown) => thrown,
  );
}

describe('addresses', () => {
  it('are found from where the page is, whatever it shows and whatever is before it', () => {
    expect(pageUrl('api/List')).toBe('http://localhost/ui/api/List');
    vi.stubGlobal('document', { baseURI: 'https://host/a/b/ui/' });
    expect(gatewayUrl('/chains/hello/production')).toBe('https://host/a/b/chains/hello/production');
  });
});

describe('call', () => {
  it('answers what the platform says', async () => {
    const { deployments, environments } = await call('List', { chain: 'hello' });
    expect(deployments.every((one) => one.chain === 'hello')).toBe(true);
    expect(environments.map((one) => one.name)).toContain('production');
  });
  it('sends the header that keeps other sites out', async () => {
    const sent: Headers[] = [];
    vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
      sent.push(new Headers(init.headers));
      return fakeFetch(url, init);
    });
    await call('About', {});
    expect(sent[0]?.get('Chains-UI')).toBe('1');
  });
  it('fails in the words of the API, with when to try again', async () => {
    broken.add('List');
    const error = await failing(call('List', {}));
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      status: 503,
      retryAfterMs: 1000,
      passing: true,
    });
    expect(error.message).toBe('List: the platform does not answer.');
  });
  it('says what to do where nobody answers', async () => {
    answering(() => Promise.reject(new TypeError('Failed to fetch')));
    expect((await failing(call('List', {}))).message).toMatch(/Is it running\? chains up/);
  });
  it('gives up after its time, and says so', async () => {
    vi.stubGlobal(
      'fetch',
      (_: string, { signal }: RequestInit) =>
        new Promise((_, reject) =>
          signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))),
        ),
    );
    expect(await failing(call('List', {}, { timeoutMs: 1 }))).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
  });
  it('that is left is no failure to show', async () => {
    const left = new AbortController();
    left.abort();
    await expect(call('List', {}, { signal: left.signal })).rejects.toHaveProperty(
      'name',
      'AbortError',
    );
  });
  it('tells that the session is over', async () => {
    const over = vi.fn();
    whenSignedOut(over);
    answering(() =>
      Response.json({ error: { code: 'UNAUTHENTICATED', message: 'no' } }, { status: 401 }),
    );
    await failing(call('List', {}));
    expect(over).toHaveBeenCalledOnce();
  });
});

describe('promoting', () => {
  it('what breaks callers is refused until it is said to be meant', async () => {
    const request = { deployment: 'h3k9d2', environment: 'production' };
    expect(await failing(call('Promote', request))).toMatchObject({ code: 'FAILED_PRECONDITION' });
    expect((await call('Promote', { ...request, breaking: true })).previous).toBe('h2m4x7');
    expect((await call('Rollback', { chain: 'hello' })).deployment?.id).toBe('h2m4x7');
  });
});

describe('failures', () => {
  it('of others than us keep what they say', async () => {
    expect((await failureOf(new Response('Bad gateway', { status: 502 }))).message).toBe(
      'Bad gateway',
    );
    expect((await failureOf(new Response('', { status: 502, statusText: 'X' }))).message).toBe(
      'HTTP 502 X',
    );
  });
  it('are told from answers', () => {
    expect(errorIn({ error: 'x' })).toBeUndefined();
    expect(errorIn(null)).toBeUndefined();
    expect(asApiError('odd').message).toBe('odd');
  });
});

describe('lines', () => {
  const body = (...parts: string[]) =>
    new Response(parts.join('')).body as ReadableStream<Uint8Array>;
  const split = (text: string, size: number) => {
    const bytes = new TextEncoder().encode(text);
    return new ReadableStream<Uint8Array>({
      start(controller) {
        for (let i = 0; i < bytes.length; i += size) controller.enqueue(bytes.slice(i, i + size));
        controller.close();
      },
    });
  };
  it('come whole, wherever they are cut', async () => {
    for (const size of [1, 2, 3, 100]) {
      const got: unknown[] = [];
      for await (const line of jsonLines(split('{"a":"ü"}\n\n{"a":2}\n', size))) got.push(line);
      expect(got).toEqual([{ a: 'ü' }, { a: 2 }]);
    }
  });
  it('end with the failure that the last one is', async () => {
    const read = async () => {
      for await (const _ of jsonLines(
        body('{"a":1}\n', '{"error":{"code":"INTERNAL","message":"broke"}}\n'),
      ));
    };
    await expect(read()).rejects.toMatchObject({ code: 'INTERNAL', message: 'broke' });
  });
  it('that are cut off are a failure', async () => {
    const read = async () => {
      for await (const _ of jsonLines(body('{"a":1}\n{"a')));
    };
    await expect(read()).rejects.toMatchObject({ code: 'DATA_LOSS' });
  });
});
