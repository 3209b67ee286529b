// Who changed what, or tried to, the newest first.
import { call } from '../../api/client';
import { Badge } from '../../components/badge';
import { Empty, Loaded } from '../../components/say';
import { Table } from '../../components/table';
import { Ago } from '../../components/time';
import { usePoll } from '../../hooks/poll';

export function Audit() {
  const audit = usePoll((signal) => call('ReadAudit', { limit: 200 }, { signal }), 10_000, []);
  return (
    <section class="panel flush" aria-label="Audit">
      <div class={audit.data ? '' : 'padded'}>
        <Loaded
          data={audit.data}
          error={audit.error}
          again={audit.again}
          what="The audit could not be read."
        >
          {({ entries }) =>
            entries.length === 0 ? (
              <Empty title="Nothing was changed yet">
                Promotions, keys and scalings show here, and what was refused.
              </Empty>
            ) : (
              <Table
                caption="Changes"
                rows={[...entries].reverse().map((entry, i) => ({ ...entry, i }))}
                keyOf={(entry) => `${entry.time_unix_ms}-${entry.i}`}
                columns={[
                  { head: 'When', cell: (entry) => <Ago at={entry.time_unix_ms} /> },
                  { head: 'Who', cell: (entry) => entry.who || <span class="muted">unknown</span> },
                  { head: 'What', cell: (entry) => <strong>{entry.method}</strong> },
                  {
                    head: 'Result',
                    cell: (entry) => (
                      <Badge tone={entry.code === 'OK' ? 'ok' : 'bad'}>
                        {entry.code === 'OK' ? 'done' : entry.code}
                      </Badge>
                    ),
                  },
                  {
                    head: 'Request',
                    cell: (entry) => (
                      <>
                        <code class="request">{entry.request}</code>
                        {entry.message && <p class="small muted">{entry.message}</p>}
                      </>
                    ),
                  },
                ]}
              />
            )
          }
        </Loaded>
      </div>
    </section>
  );
}
