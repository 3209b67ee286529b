// What of a chainlet runs where, and why there are so many.
import type { ChainletStatus, ReplicaStatus, ScaleChange } from '../../api/gen/v1';
import { Badge, toneOfWord } from '../../components/badge';
import { Table } from '../../components/table';
import { Ago } from '../../components/time';
import { bytes, duration, percent, short } from '../../lib/format';

export function Facts({ status: { autoscaling: a, resources: r } }: { status: ChainletStatus }) {
  const gpu = r?.gpu ? `${r.gpu_count || 1} × ${r.gpu}` : 'none';
  return (
    <dl class="facts">
      {a && (
        <>
          <dt>Replicas</dt>
          <dd>
            {a.min_replica} to {a.max_replica}
          </dd>
          <dt>Target</dt>
          <dd>
            {a.concurrency_target} in flight × {percent(a.target_utilization_percentage)}, over{' '}
            {duration(a.autoscaling_window_sec * 1000)}
          </dd>
          <dt>Down</dt>
          <dd>
            after {duration(a.scale_down_delay_sec * 1000)}, {percent(a.max_scale_down_rate)} at a
            time
          </dd>
        </>
      )}
      {r && (
        <>
          <dt>Each has</dt>
          <dd>
            {short(r.cpus)} CPU, {bytes(r.memory_bytes)}, GPU: {gpu}
          </dd>
        </>
      )}
    </dl>
  );
}

export function ScaleChanges({ changes }: { changes: ScaleChange[] }) {
  return (
    <section class="stack tight" aria-label="Scaling">
      <h3>Scaling</h3>
      {changes.length === 0 && (
        <p class="muted small">It was not scaled since the platform started.</p>
      )}
      <ol class="changes">
        {changes.map((change) => (
          <li key={`${change.unix_ms}${change.to}`}>
            <strong>
              {change.from} → {change.to}
            </strong>
            <span>{change.why}</span>
            <span class="muted small">
              <Ago at={change.unix_ms} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

export function Replicas({ status }: { status: ChainletStatus }) {
  if (status.replicas.length === 0) return null;
  return (
    <section class="stack tight" aria-label="Replicas">
      <h3>Replicas</h3>
      <Table<ReplicaStatus>
        caption={`Replicas of ${status.display_name}`}
        rows={status.replicas}
        keyOf={(one) => one.name}
        columns={[
          { head: 'Name', cell: (one) => <span class="mono">{one.name}</span> },
          { head: 'State', cell: (one) => <Badge tone={toneOfWord(one.state)}>{one.state}</Badge> },
          { head: 'In flight', number: true, cell: (one) => one.in_flight },
          { head: 'Restarts', number: true, cell: (one) => one.restarts },
          { head: 'Started', number: true, cell: (one) => <Ago at={one.started_unix_ms} /> },
          { head: 'Where', cell: (one) => one.node || (one.pid > 0 ? `pid ${one.pid}` : '–') },
        ]}
      />
    </section>
  );
}
