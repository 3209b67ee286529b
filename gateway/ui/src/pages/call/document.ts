// The schema of a target, and what it was called with last.
import { failureOf, gatewayUrl, send } from '../../api/client';
import { asApiError } from '../../api/errors';
import type { Json } from '../../lib/json';
import type { Document } from '../../lib/schema';

export async function fetchDocument(path: string, signal: AbortSignal): Promise<Document> {
  try {
    const response = await send(gatewayUrl(`${path}/openapi.json`), { signal, cache: 'no-cache' });
    if (!response.ok) throw await failureOf(response);
    return (await response.json()) as Document;
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    throw asApiError(thrown);
  }
}

// Requests of this tab, so that a look at a trace does not cost what was typed. Files are too large
// for it, and are chosen again.
const MOST_LETTERS = 100_000;
const keyOf = (chain: string, method: string) => `chains.request.${chain}.${method}`;

export function lastRequest(chain: string, method: string): Json | undefined {
  try {
    const text = sessionStorage.getItem(keyOf(chain, method));
    return text === null ? undefined : (JSON.parse(text) as Json);
  } catch {
    return undefined;
  }
}

export function keepRequest(chain: string, method: string, request: Json): void {
  try {
    const text = JSON.stringify(request);
    if (text.length < MOST_LETTERS && !text.includes('"@'))
      sessionStorage.setItem(keyOf(chain, method), text);
  } catch {
    // The browser keeps nothing: then it is typed again.
  }
}
