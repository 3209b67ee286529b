// A response's body as JSON values, one a line (NDJSON), as they come. An {"error": …} line is the
// last one and becomes an exception; so does a body that ends within a line.
import { ApiError, errorIn } from './errors';

export async function* jsonLines<T>(body: ReadableStream<Uint8Array>): AsyncGenerator<T> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') yield parsed<T>(line);
    }
    if (rest.trim() !== '') yield parsed<T>(rest);
  } finally {
    // Whoever stops reading hangs up: the server is not to go on for nobody.
    await reader.cancel().catch(() => undefined);
  }
}

function parsed<T>(line: string): T {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new ApiError('DATA_LOSS', 'The answer was cut off in the middle of a line. Try again.');
  }
  const error = errorIn(value);
  if (error) throw error;
  return value as T;
}
