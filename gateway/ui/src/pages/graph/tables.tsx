// What the picture shows, as figures below each other; and for who cannot see it.
import { Badge } from '../../components/badge';
import { Sparkline } from '../../components/sparkline';
import { Table } from '../../components/table';
import { healthOf } from '../../lib/figures';
import { ms, rate, share, short } from '../../lib/format';
import { type ChainletRow, type EdgeRow, nameOf, toneOfStatus } from './model';

type HrefOf = (id: string) => string;

export function EdgeTable(props: {
  rows: EdgeRow[];
  step: number;
  hrefOf: HrefOf;
  chosen: string;
}) {
  return (
    <section class="panel flush" aria-label="Calls">
      <header>
        <h2>Calls</h2>
        <span class="small muted">means of 10 s; lines of a minute</span>
      </header>
      <Table
        caption="Calls between chainlets"
        rows={props.rows}
        keyOf={(row) => row.id}
        chosen={(row) => row.id === props.chosen}
        columns={[
          {
            head: 'Call',
            cell: (row) => (
              <a href={props.hrefOf(row.id)}>
                {nameOf(row.caller)} → {nameOf(row.callee)}
              </a>
            ),
          },
          {
            head: 'Way',
            wide: true,
            cell: (row) => (row.series ? (row.series.remote ? 'remote' : 'in process') : '–'),
          },
          { head: 'Rate', number: true, cell: (row) => rate(row.now.rate) },
          {
            head: 'Failing',
            number: true,
            cell: (row) => {
              const text = share(row.now.errors, row.now.rate);
              return healthOf(row.now) === 'bad' ? <Badge tone="bad">{text}</Badge> : text;
            },
          },
          { head: 'p50', number: true, cell: (row) => ms(row.now.p50) },
          { head: 'p99', number: true, cell: (row) => ms(row.now.p99) },
          {
            head: 'Last minute',
            wide: true,
            number: true,
            cell: (row) => (
              <Sparkline
                values={(row.series?.points ?? []).map((p) => p.rate)}
                bad={(row.series?.points ?? []).map((p) => p.errors)}
              />
            ),
          },
        ]}
      />
    </section>
  );
}

export function ChainletTable({
  rows,
  hrefOf,
  chosen,
}: {
  rows: ChainletRow[];
  hrefOf: HrefOf;
  chosen: string;
}) {
  return (
    <section class="panel flush" aria-label="Chainlets">
      <header>
        <h2>Chainlets</h2>
      </header>
      <Table
        caption="Chainlets and their replicas"
        rows={rows}
        keyOf={(row) => row.status.chainlet}
        chosen={(row) => row.status.chainlet === chosen}
        columns={[
          {
            head: 'Chainlet',
            cell: ({ status }) => <a href={hrefOf(status.chainlet)}>{status.chainlet}</a>,
          },
          {
            head: 'State',
            cell: ({ status }) => <Badge tone={toneOfStatus(status)}>{status.state}</Badge>,
          },
          {
            head: 'Replicas',
            number: true,
            cell: ({ status }) => `${status.ready} of ${status.wanted}`,
          },
          {
            head: 'Range',
            number: true,
            wide: true,
            cell: ({ status: { autoscaling: a } }) =>
              a ? `${a.min_replica}–${a.max_replica}` : '–',
          },
          { head: 'In flight', number: true, cell: ({ status }) => short(status.in_flight) },
          { head: 'Queued', number: true, wide: true, cell: ({ now }) => short(now.queued) },
          { head: 'p99', number: true, cell: ({ now }) => ms(now.p99) },
        ]}
      />
    </section>
  );
}
