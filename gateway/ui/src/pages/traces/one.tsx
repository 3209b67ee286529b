// One trace: what it was, its waterfall, who took the time, and what was logged meanwhile.
import { call } from '../../api/client';
import type { Trace, TraceSummary } from '../../api/gen/v1';
import { Badge } from '../../components/badge';
import { CopyButton } from '../../components/copy';
import { Empty, Loaded } from '../../components/say';
import { nameOf, WaterfallView } from '../../components/waterfall';
import { usePoll } from '../../hooks/poll';
import { moment, num, share, us } from '../../lib/format';
import { codeName, fromSpans, type Waterfall, whoTookIt } from '../../lib/waterfall';
import { href, link } from '../../router';
import { TestButton } from '../recordings/make_test';
import type { PageProps } from '../registry';
import { WHY } from './list';
import { TraceLogs } from './logs';
import './traces.css';

const PARTS_STILL_COME_MS = 2000;

export default function TracePage({ params }: PageProps) {
  const id = params.id ?? '';
  const asked = usePoll(
    (signal) => call('GetTrace', { trace_id: id, messages: true }, { signal }),
    PARTS_STILL_COME_MS,
    [id],
  );
  if (asked.data === undefined && asked.error?.code === 'NOT_FOUND') {
    return (
      <Empty icon="traces" title="This trace is not kept">
        The platform keeps the last 2,000, and those that were asked for longest. It comes about two
        seconds after its request has ended. <code class="mono">{id}</code>
      </Empty>
    );
  }
  return (
    <Loaded
      data={asked.data}
      error={asked.error}
      again={asked.again}
      what="The trace could not be read."
    >
      {(trace) => <TraceView trace={trace} />}
    </Loaded>
  );
}

function TraceView({ trace }: { trace: Trace }) {
  const waterfall = fromSpans(trace.spans);
  const { summary } = trace;
  return (
    <div class="stack">
      {summary && <Head summary={summary} trace={trace} />}
      {trace.incomplete && (
        <p class="note warn" role="status">
          It is not whole: parts of it were lost, or are still to come.
        </p>
      )}
      <section class="panel" aria-label="Waterfall">
        <WaterfallView
          waterfall={waterfall}
          label={`Waterfall of ${summary?.method ?? 'the trace'}`}
        />
      </section>
      <section class="panel stack tight" aria-labelledby="who">
        <h2 id="who">What the whole waited for</h2>
        <WhoTookIt waterfall={waterfall} />
      </section>
      {summary && <TraceLogs summary={summary} />}
    </div>
  );
}

function Head({ summary, trace }: { summary: TraceSummary; trace: Trace }) {
  const code = codeName(summary.code);
  const target = summary.environment || summary.deployment;
  return (
    <section class="panel stack" aria-label="Request">
      <div class="row apart">
        <div class="row">
          <h2 class="mono">{summary.method.replace(/^.*\//, '') || summary.method}</h2>
          <Badge tone={code === 'OK' ? 'ok' : 'bad'}>{code}</Badge>
          <span class="muted">{us(summary.duration_us)}</span>
        </div>
        <div class="row">
          {summary.recorded && <TestButton request={{ trace_id: summary.trace_id }} />}
          {summary.chain && (
            <a
              class="button"
              href={href(link('/chain', summary.chain, target, 'logs'), {
                trace: summary.trace_id,
              })}
            >
              Logs
            </a>
          )}
        </div>
      </div>
      <dl class="trace-head">
        <Fact name="Chain">
          {summary.chain ? (
            <a href={href(link('/chain', summary.chain, target))}>
              {summary.chain} {target}
            </a>
          ) : (
            '–'
          )}
        </Fact>
        <Fact name="Began">{moment(num(summary.start_unix_us) / 1000)}</Fact>
        <Fact name="Kept because">{WHY[summary.kept]?.[1] ?? (summary.kept || '–')}</Fact>
        <Fact name="Spans">{trace.spans.length}</Fact>
        <Fact name="Request id">
          <span class="mono">{summary.request_id || '–'}</span>
        </Fact>
        <Fact name="Trace id">
          <span class="row">
            <span class="mono trace-id">{summary.trace_id}</span>
            <CopyButton text={summary.trace_id} label="Copy the trace id" />
          </span>
        </Fact>
      </dl>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function WhoTookIt({ waterfall }: { waterfall: Waterfall }) {
  return (
    <ol class="who">
      {whoTookIt(waterfall).map(({ chainlet, us: took }) => (
        <li key={chainlet}>
          <span class="ellipsis">{nameOf({ chainlet })}</span>
          <i style={{ width: `${(100 * took) / Math.max(1, waterfall.duration)}%` }} />
          <span class="number small">
            {us(took)} <span class="muted">{share(took, waterfall.duration)}</span>
          </span>
        </li>
      ))}
    </ol>
  );
}
