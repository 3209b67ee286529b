// Settings of a chain: how its chainlets are scaled, what they may have, and what they log.
import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import type { ChainletStatus } from '../../api/gen/v1';
import { mayManage } from '../../api/session';
import { Icon } from '../../components/icon';
import { Empty, Loaded } from '../../components/say';
import { Table } from '../../components/table';
import { usePoll } from '../../hooks/poll';
import { bytes, duration, percent, short } from '../../lib/format';
import type { ChainPageProps } from '../registry';
import { LogLevels } from './log_levels';
import './scaling.css';
import { ScaleDialog } from './scale_dialog';

export default function ScalingPage({ target }: ChainPageProps) {
  const [edited, setEdited] = useState<ChainletStatus>();
  const status = usePoll((signal) => call('Status', target.of, { signal }), 5000, [target.of]);
  if (!target.deployment) {
    return (
      <Empty title={`${target.name} points nowhere yet`}>Promote a deployment to it first.</Empty>
    );
  }
  const overridden = target.environment?.scaling ?? {};
  return (
    <Loaded
      data={status.data?.deployment ?? undefined}
      error={status.error}
      again={status.again}
      lines={6}
    >
      {(deployment) => (
        <div class="stack">
          <section class="panel flush" aria-label="Scaling">
            <header>
              <h2>Scaling and resources</h2>
              <span class="small muted">
                {target.environment
                  ? `Of ${target.name}; kept when another deployment is promoted`
                  : `Of ${target.name} alone`}
              </span>
            </header>
            <Table
              caption="Scaling and resources of chainlets"
              rows={deployment.chainlets}
              keyOf={(one) => one.chainlet}
              columns={[
                {
                  head: 'Chainlet',
                  cell: (one) => <Name status={one} changed={one.chainlet in overridden} />,
                },
                {
                  head: 'Replicas',
                  number: true,
                  cell: ({ autoscaling: a }) => (a ? `${a.min_replica}–${a.max_replica}` : '–'),
                },
                {
                  head: 'Target',
                  number: true,
                  cell: ({ autoscaling: a }) =>
                    a
                      ? `${a.concurrency_target} × ${percent(a.target_utilization_percentage)}`
                      : '–',
                },
                {
                  head: 'Window',
                  number: true,
                  wide: true,
                  cell: ({ autoscaling: a }) => seconds(a?.autoscaling_window_sec),
                },
                {
                  head: 'Down after',
                  number: true,
                  wide: true,
                  cell: ({ autoscaling: a }) => seconds(a?.scale_down_delay_sec),
                },
                { head: 'CPUs', number: true, cell: ({ resources: r }) => short(r?.cpus) },
                {
                  head: 'Memory',
                  number: true,
                  cell: ({ resources: r }) => bytes(r?.memory_bytes),
                },
                {
                  head: 'Change',
                  quiet: true,
                  number: true,
                  cell: (one) =>
                    mayManage() && (
                      <button type="button" class="button" onClick={() => setEdited(one)}>
                        <Icon name="settings" /> Change
                        <span class="only-read"> {one.display_name}</span>
                      </button>
                    ),
                },
              ]}
            />
          </section>
          <LogLevels of={target.of} chainlets={deployment.chainlets} />
          {edited && (
            <ScaleDialog
              of={target.of}
              status={edited}
              onClose={() => {
                setEdited(undefined);
                status.again();
              }}
            />
          )}
        </div>
      )}
    </Loaded>
  );
}

function Name({ status, changed }: { status: ChainletStatus; changed: boolean }) {
  return (
    <span class="row">
      <span>{status.chainlet}</span>
      {changed && <span class="tag">changed here</span>}
    </span>
  );
}

function seconds(value: number | undefined): string {
  return duration((value ?? Number.NaN) * 1000);
}
