// Where a call's time went: at once by its receipt, and by its trace as soon as the platform has it,
// which also knows of the gateway, of streams, and of what was cut off.
import { call } from '../../api/client';
import type { Trace } from '../../api/gen/v1';
import { mayManage } from '../../api/session';
import { WaterfallView } from '../../components/waterfall';
import { usePoll } from '../../hooks/poll';
import { fromReceipt, fromSpans } from '../../lib/waterfall';
import { href, link } from '../../router';
import type { Outcome } from './run';

const TRACE_EVERY_MS = 1000;
const LONGEST_MS = 15_000;

export function CallWaterfall({ outcome }: { outcome: Outcome }) {
  const { traceId, receipt } = outcome;
  return <Looking key={traceId} traceId={traceId} receipt={receipt} />;
}

const traceOf = (id: string, signal: AbortSignal) => call('GetTrace', { trace_id: id }, { signal });

/** Asks until the trace is whole, for a while. */
async function wholeTrace(id: string, signal: AbortSignal): Promise<Trace | undefined> {
  const until = performance.now() + LONGEST_MS;
  let trace: Trace | undefined;
  while (performance.now() < until && !signal.aborted) {
    trace = await traceOf(id, signal).catch(() => undefined);
    if (trace && !trace.incomplete) return trace;
    await new Promise((then) => setTimeout(then, TRACE_EVERY_MS));
  }
  return trace;
}

function Looking({ traceId, receipt }: { traceId: string; receipt: Outcome['receipt'] }) {
  const may = mayManage();
  const { data: trace, error } = usePoll(
    async (signal) => ({ found: may ? await wholeTrace(traceId, signal) : undefined }),
    0,
    [traceId, may],
  );
  const found = trace?.found;
  const waterfall = found ? fromSpans(found.spans) : receipt?.call && fromReceipt(receipt);
  const isOver = trace !== undefined || error !== undefined;
  const traceNews = !may ? '' : isOver ? 'no trace of it is kept' : 'its trace is on its way';
  return (
    <section class="stack tight" aria-label="Where the time went">
      <div class="row apart">
        <h2>Where the time went</h2>
        {found ? (
          <a href={href(link('/trace', traceId))}>Open the trace</a>
        ) : (
          <span class="small muted" role="status">
            {[waterfall && 'By its receipt', traceNews].filter(Boolean).join('; ')}
          </span>
        )}
      </div>
      {waterfall ? (
        <WaterfallView waterfall={waterfall} label="Waterfall of this call" />
      ) : (
        <p class="muted small">
          {isOver
            ? 'A stream has no receipt over HTTP/1.1.'
            : 'It is there a few seconds after the end.'}
        </p>
      )}
    </section>
  );
}
