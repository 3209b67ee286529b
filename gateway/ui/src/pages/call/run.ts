// A call of the dialogue, from the request to its last item.
import { failureOf, gatewayUrl, send } from '../../api/client';
import { type ApiError, asApiError, errorIn } from '../../api/errors';
import type { Body } from '../../lib/body';
import type { Json } from '../../lib/json';
import type { Method } from '../../lib/schema';
import { readEvents } from '../../lib/stream_reader';
import type { Receipt } from '../../lib/waterfall';

export interface Item {
  value: Json;
  ms: number; // after the call began
}

export interface Outcome {
  state: 'running' | 'ended' | 'failed' | 'stopped';
  items: Item[]; // of a unary call the one answer
  count: number; // items that came; of a long stream the last ones are kept
  status: number; // HTTP's; 0: none yet
  ms: number; // until the end, or until now
  firstMs: number | undefined; // until the first item
  bytes: number;
  error: ApiError | undefined;
  requestId: string;
  traceId: string;
  receipt: Receipt | undefined;
}

const KEPT_ITEMS = 2000;
const TELL_MS = 80;

function randomHex(bytes: number): string {
  return [...crypto.getRandomValues(new Uint8Array(bytes))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

/** Calls it, and tells how it goes until it is over. Never throws. */
export async function runCall(
  url: string,
  method: Method,
  { body, contentType }: Body,
  signal: AbortSignal,
  tell: (outcome: Outcome) => void,
): Promise<void> {
  const began = performance.now();
  const traceId = randomHex(16);
  let outcome: Outcome = {
    state: 'running',
    items: [],
    count: 0,
    status: 0,
    ms: 0,
    firstMs: undefined,
    bytes: 0,
    error: undefined,
    requestId: '',
    traceId,
    receipt: undefined,
  };
  let told = 0;
  const say = (changes: Partial<Outcome>, now = true) => {
    const ms = performance.now() - began;
    outcome = { ...outcome, ...changes, ms };
    if (now || ms - told > TELL_MS) {
      told = ms;
      tell(outcome);
    }
  };
  const take = (value: Json, bytes: number) => {
    const ms = performance.now() - began;
    const items =
      outcome.items.length >= KEPT_ITEMS * 1.25 ? outcome.items.slice(-KEPT_ITEMS) : outcome.items;
    items.push({ value, ms });
    say(
      {
        items,
        count: outcome.count + 1,
        bytes: outcome.bytes + bytes,
        firstMs: outcome.firstMs ?? ms,
      },
      outcome.count === 0,
    );
  };
  say({});
  try {
    const response = await send(gatewayUrl(url), {
      method: 'POST',
      headers: {
        ...(contentType ? { 'Content-Type': contentType } : {}),
        Accept: method.answersStream ? 'text/event-stream' : 'application/json',
        'Chains-Receipt': '1',
        // Sampled: this call's trace is kept.
        traceparent: `00-${traceId}-${randomHex(8)}-01`,
      },
      body,
      signal,
    });
    say({
      status: response.status,
      requestId: response.headers.get('X-Request-Id') ?? '',
      traceId:
        /^00-([0-9a-f]{32})-/.exec(response.headers.get('Traceparent') ?? '')?.[1] ?? traceId,
      receipt: receiptIn(response.headers.get('Chains-Receipt')),
    });
    if (!response.ok) throw await failureOf(response);
    if (method.answersStream && response.body) {
      for await (const event of readEvents(
        response.body as ReadableStream<Uint8Array<ArrayBuffer>>,
      )) {
        if (event.event === 'end') break;
        const value = JSON.parse(event.data) as Json;
        const error = event.event === 'error' ? errorIn(value, response.status) : undefined;
        if (error) throw error;
        take(value, event.data.length);
      }
    } else {
      const text = await response.text();
      take(JSON.parse(text) as Json, text.length);
    }
    say({ state: 'ended' });
  } catch (thrown) {
    if (signal.aborted) say({ state: 'stopped' });
    else say({ state: 'failed', error: asApiError(thrown) });
  }
}

function receiptIn(header: string | null): Receipt | undefined {
  try {
    return header ? (JSON.parse(header) as Receipt) : undefined;
  } catch {
    return undefined;
  }
}
