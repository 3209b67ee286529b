// chains.v1.Platform over HTTP and JSON, with its types.
//
//   const { deployments } = await call('List', {}, { signal });
//   for await (const line of stream('Logs', { of, follow: true }, { signal })) show(line);
//
// Throws ApiError. A key that counts no more signs the page out (see session.ts).
import { ApiError, asApiError, errorIn, isAbort } from './errors';
import type { PlatformCalls, PlatformStreams } from './gen/v1';
import { jsonLines } from './lines';

/** Fields that a request leaves out have their defaults, as in proto3. */
export type Sent<T> = {
  [K in keyof T]?: T[K] extends (infer E)[]
    ? Sent<E>[]
    : T[K] extends object | null | undefined
      ? Sent<NonNullable<T[K]>>
      : T[K];
};

export interface CallOptions {
  signal?: AbortSignal;
  /** Ends the call with DEADLINE_EXCEEDED; 15 s unless told. Streams have none. */
  timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 15_000;

/** Where the page itself is: "https://host/ui/". Everything else is found from there. */
export function pageUrl(path: string): string {
  return new URL(path, document.baseURI).href.split('#')[0] ?? path;
}

/** A path at the gateway, "/chains/hello/production/run_remote", as an address. */
export function gatewayUrl(path: string): string {
  return pageUrl(`..${path.startsWith('/') ? path : `/${path}`}`);
}

/** Called with each failure that says the session is over. */
let onSignedOut: () => void = () => undefined;
export function whenSignedOut(then: () => void): void {
  onSignedOut = then;
}

/** fetch() with what the gateway wants of a page: the header that keeps other sites out. */
export async function send(url: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('Chains-UI', '1');
  const response = await fetch(url, {
    credentials: 'same-origin',
    cache: 'no-store',
    ...init,
    headers,
  });
  if (response.status === 401 && !url.endsWith('/login')) onSignedOut();
  return response;
}

/** The failure that `response` is. */
export async function failureOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  try {
    const error = errorIn(JSON.parse(text), response.status, response.headers.get('Retry-After'));
    if (error) return error;
  } catch {
    // Not ours: a proxy's page, say.
  }
  const said = text.trim().slice(0, 200);
  return new ApiError(
    'UNKNOWN',
    said || `HTTP ${response.status} ${response.statusText}`,
    response.status,
  );
}

export async function call<M extends keyof PlatformCalls>(
  method: M,
  request: Sent<PlatformCalls[M]['request']>,
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: CallOptions = {},
): Promise<PlatformCalls[M]['response']> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  const leave = () => late.abort();
  signal?.addEventListener('abort', leave, { once: true });
  if (signal?.aborted) late.abort();
  try {
    const response = await post(method, request, 'application/json', late.signal);
    return (await response.json()) as PlatformCalls[M]['response'];
  } catch (thrown) {
    if (signal?.aborted) throw new DOMException('left', 'AbortError');
    if (isAbort(thrown)) {
      throw new ApiError('DEADLINE_EXCEEDED', `${method}: no answer within ${timeoutMs / 1000} s.`);
    }
    throw asApiError(thrown);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', leave);
  }
}

export async function* stream<M extends keyof PlatformStreams>(
  method: M,
  request: Sent<PlatformStreams[M]['request']>,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<PlatformStreams[M]['response']> {
  try {
    const response = await post(method, request, 'application/x-ndjson', signal);
    if (response.body) yield* jsonLines<PlatformStreams[M]['response']>(response.body);
  } catch (thrown) {
    if (isAbort(thrown)) throw thrown;
    throw asApiError(thrown);
  }
}

async function post(method: string, request: unknown, accept: string, signal?: AbortSignal) {
  const response = await send(pageUrl(`api/${method}`), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: accept },
    body: JSON.stringify(request),
    signal: signal ?? null,
  });
  if (!response.ok) throw await failureOf(response);
  return response;
}
