// One chainlet or one edge over the last 15 minutes, beside the picture.
import { useEffect, useRef } from 'preact/hooks';
import { call } from '../../api/client';
import type { ChainletStatus, Deployment, MeasureResponse, Point } from '../../api/gen/v1';
import { Badge } from '../../components/badge';
import { Chart, type Series } from '../../components/chart';
import { Icon } from '../../components/icon';
import { Loaded } from '../../components/say';
import { usePoll } from '../../hooks/poll';
import { mergeEdges, orGap, times } from '../../lib/figures';
import { ms, rate, short } from '../../lib/format';
import type { ChainPageProps } from '../registry';
import { nameOf, toneOfStatus } from './model';
import { Facts, Replicas, ScaleChanges } from './replicas';

const SECONDS = 900;
const EVERY_MS = 6000;

interface DetailsProps {
  of: ChainPageProps['target']['of'];
  /** A chainlet, or "caller>callee". */
  id: string;
  deployment: Deployment;
  /** The address without them. */
  close: string;
}

export function Details({ of, id, deployment, close }: DetailsProps) {
  const polled = usePoll(
    (signal) => call('Measure', { of, seconds: SECONDS }, { signal }),
    EVERY_MS,
    [of],
  );
  const heading = useRef<HTMLHeadingElement>(null);
  const [caller = '', callee] = id.split('>');
  const status =
    callee === undefined ? deployment.chainlets.find((c) => c.chainlet === id) : undefined;
  useEffect(() => heading.current?.focus({ preventScroll: innerWidth > 860 }), [id]);
  return (
    <aside class="panel stack details" aria-label="Details">
      <header>
        <h2 ref={heading} tabIndex={-1}>
          {callee === undefined ? nameOf(id) : `${nameOf(caller)} → ${nameOf(callee)}`}
        </h2>
        <a class="button ghost icon-only" href={close}>
          <Icon name="close" />
          <span class="only-read">Close the details</span>
        </a>
      </header>
      {status && <About status={status} />}
      <Loaded
        data={polled.data}
        error={polled.error}
        again={polled.again}
        what="Figures could not be read."
        lines={6}
      >
        {(measured) => <Charts measured={measured} id={id} isChainlet={status !== undefined} />}
      </Loaded>
      {status && <Facts status={status} />}
      {status && <ScaleChanges changes={status.changes} />}
      {status && <Replicas status={status} />}
    </aside>
  );
}

function About({ status }: { status: ChainletStatus }) {
  return (
    <div class="stack tight">
      <div class="row">
        <Badge tone={toneOfStatus(status)}>{status.state}</Badge>
        <span class="mono small muted">{status.chainlet}</span>
      </div>
      {status.problem && <pre class="note bad said">{status.problem}</pre>}
      {status.note && <p class="note">{status.note}</p>}
    </div>
  );
}

function Charts({
  measured,
  id,
  isChainlet,
}: {
  measured: MeasureResponse;
  id: string;
  isChainlet: boolean;
}) {
  const points: Point[] =
    (isChainlet
      ? measured.chainlets.find((row) => row.chainlet === id)?.points
      : mergeEdges(measured.edges).get(id)?.points) ?? [];
  if (points.length === 0) return <p class="muted">No calls in the last 15 minutes.</p>;
  const at = times(measured, points.length);
  const line = (
    label: string,
    color: string,
    of: (point: Point) => number,
    more: Partial<Series> = {},
  ): Series => ({
    label,
    color,
    values: points.map((point) => orGap(of(point))),
    ...more,
  });
  return (
    <>
      <Chart
        title="Calls"
        times={at}
        unit={rate}
        series={[
          line('answered', '--accent', (p) => p.rate, { fill: true }),
          line('failed', '--bad', (p) => p.errors, { dash: [4, 3] }),
        ]}
      />
      <Chart
        title="Latency"
        times={at}
        unit={ms}
        series={[
          line('p50', '--accent', (p) => p.p50_ms),
          line('p99', '--warn', (p) => p.p99_ms, { dash: [6, 3] }),
        ]}
      />
      <Chart
        title="Work"
        times={at}
        unit={short}
        height={104}
        series={[
          line('in flight', '--accent', (p) => p.in_flight),
          line('queued', '--warn', (p) => p.queued, { dash: [6, 3] }),
        ]}
      />
      {isChainlet && (
        <Chart
          title="Replicas"
          times={at}
          unit={(value) => short(value)}
          height={104}
          whole
          top={2}
          series={[
            line('ready', '--ok', (p) => p.ready, { fill: true }),
            line('wanted', '--text-3', (p) => p.wanted, { dash: [4, 3] }),
          ]}
        />
      )}
    </>
  );
}
