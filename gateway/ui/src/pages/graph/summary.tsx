// The deployment in four figures, each with the last minute as a line.
import type { Deployment, MeasureResponse } from '../../api/gen/v1';
import { Sparkline } from '../../components/sparkline';
import { healthOf, incoming, latest } from '../../lib/figures';
import { ms, rate, share } from '../../lib/format';

export function Summary({
  deployment,
  measured,
}: {
  deployment: Deployment;
  measured: MeasureResponse | undefined;
}) {
  const points = incoming(measured);
  const now = latest(points, measured?.step_seconds ?? 2);
  const health = healthOf(now);
  const ready = deployment.chainlets.reduce((sum, one) => sum + one.ready, 0);
  const wanted = deployment.chainlets.reduce((sum, one) => sum + one.wanted, 0);
  const restarts = deployment.chainlets
    .flatMap((c) => c.replicas)
    .reduce((sum, r) => sum + r.restarts, 0);
  const row = (of: (point: (typeof points)[number]) => number) => points.map(of);
  return (
    <>
      <p class="only-read" role="status">
        {deployment.chain}:{' '}
        {health === 'bad'
          ? 'more than 1 % of the calls fail'
          : health === 'idle'
            ? 'no calls'
            : 'calls are answered'}
      </p>
      <dl class="tiles">
        <Tile
          label="Requests"
          value={measured ? rate(now.rate) : '–'}
          values={row((p) => p.rate)}
        />
        <Tile
          label="Failing"
          value={measured ? share(now.errors, now.rate) : '–'}
          values={row((p) => (p.rate > 0 ? p.errors / p.rate : 0))}
          bad={health === 'bad'}
        />
        <Tile
          label="Latency, median"
          value={ms(now.p50)}
          values={row((p) => p.p50_ms)}
          more={`p99 ${ms(now.p99)}`}
        />
        <Tile
          label="Replicas ready"
          value={`${ready} of ${wanted}`}
          more={restarts > 0 ? `${restarts} restarts` : deployment.id}
          bad={ready < wanted}
        />
      </dl>
    </>
  );
}

function Tile(props: {
  label: string;
  value: string;
  more?: string;
  values?: number[];
  bad?: boolean;
}) {
  return (
    <div class={props.bad ? 'tile bad' : 'tile'}>
      <dt>{props.label}</dt>
      <dd>
        <span class="tile-value">{props.value}</span>
        {props.more && <span class="muted small">{props.more}</span>}
        {props.values && <Sparkline values={props.values} width={88} />}
      </dd>
    </div>
  );
}
