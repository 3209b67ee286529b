// Responses as the gateway writes them.
const STATUS: Record<string, number> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { 'Content-Type': 'application/json', ...headers },
  });
}

export function errorBody(code: string, message: string) {
  return { error: { code, message, details: [], path: [] } };
}

export function failure(code: string, message: string): Response {
  const retry: Record<string, string> = code === 'UNAVAILABLE' ? { 'Retry-After': '1' } : {};
  return json(errorBody(code, message), STATUS[code] ?? 500, retry);
}

/** Thrown by handlers: becomes failure(). */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** What `values` gives, a line each, or as server-sent events. Ends when the reader leaves. */
export function streamed(values: AsyncIterable<unknown>, events = false): Response {
  const encoder = new TextEncoder();
  const iterator = values[Symbol.asyncIterator]();
  let id = 0;
  const line = (value: unknown, event = '') =>
    encoder.encode(
      events
        ? `${event ? `event: ${event}\n` : `id: ${++id}\n`}data: ${JSON.stringify(value)}\n\n`
        : `${JSON.stringify(value)}\n`,
    );
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { value, done } = await iterator.next();
        if (!done) return controller.enqueue(line(value));
        if (events) controller.enqueue(encoder.encode('event: end\ndata: \n\n'));
      } catch (thrown) {
        const { code = 'INTERNAL', message } = thrown as Refusal;
        controller.enqueue(line(errorBody(code, message), 'error'));
      }
      controller.close();
    },
    async cancel() {
      await iterator.return?.();
    },
  });
  return new Response(body, {
    headers: { 'Content-Type': events ? 'text/event-stream' : 'application/x-ndjson' },
  });
}

export function later(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
