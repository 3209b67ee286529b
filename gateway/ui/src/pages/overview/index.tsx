// All chains and what their environments point at, with figures of the last minute.
import { list, listError, refreshList } from '../../api/chains';
import { call } from '../../api/client';
import type { ListResponse } from '../../api/gen/v1';
import { chainNames, type Target, targetNames, targetOf } from '../../api/target';
import { Badge, StateBadge } from '../../components/badge';
import { Icon } from '../../components/icon';
import { Empty, Loaded } from '../../components/say';
import { Sparkline } from '../../components/sparkline';
import { usePoll } from '../../hooks/poll';
import { healthOf, incoming, latest } from '../../lib/figures';
import { count, ms, percent, rate, share } from '../../lib/format';
import { href, link } from '../../router';
import './overview.css';

const EVERY_MS = 5000;

export default function OverviewPage() {
  return (
    <Loaded
      data={list.value}
      error={listError.value}
      again={() => refreshList().catch(() => undefined)}
      what="The chains could not be read."
      lines={8}
    >
      {(all) => <Chains all={all} />}
    </Loaded>
  );
}

function Chains({ all }: { all: ListResponse }) {
  const names = chainNames(all);
  if (names.length === 0) {
    return (
      <Empty icon="chains" title="No chain is here yet" command="chains push chainlets/hello">
        Push one. The first deployment becomes production, and shows here.
      </Empty>
    );
  }
  return (
    <div class="stack">
      {names.map((chain) => (
        <ChainPanel key={chain} all={all} chain={chain} />
      ))}
    </div>
  );
}

function ChainPanel({ all, chain }: { all: ListResponse; chain: string }) {
  const mine = all.deployments.filter((one) => one.chain === chain);
  const chainlets = mine[0]?.chainlets.length ?? 0;
  const failed = mine.filter(
    (one) => one.state === 'DEPLOYMENT_FAILED' && one.environments.length === 0,
  );
  return (
    <section class="panel flush" aria-label={chain}>
      <header>
        <h2>{chain}</h2>
        <span class="muted small">
          {count(chainlets, 'chainlet')} · {count(mine.length, 'deployment')}
        </span>
      </header>
      <ul class="targets">
        {targetNames(all, chain).map((name) => {
          const target = targetOf(all, chain, name);
          return target && <TargetRow key={name} target={target} />;
        })}
      </ul>
      {failed.length > 0 && (
        <p class="failed small">
          <Badge tone="bad">{`${failed[0]?.id} failed`}</Badge>{' '}
          <span class="ellipsis">{failed[0]?.problem}</span>
        </p>
      )}
    </section>
  );
}

function TargetRow({ target }: { target: Target }) {
  const { chain, name, deployment, environment, of } = target;
  const live = deployment !== undefined;
  const { data } = usePoll(
    async (signal) => (live ? call('Measure', { of, seconds: 60 }, { signal }) : undefined),
    live ? EVERY_MS : 0,
    [of, live],
  );
  const points = incoming(data);
  const now = latest(points, data?.step_seconds ?? 2);
  const ready = deployment?.chainlets.reduce((sum, one) => sum + one.ready, 0) ?? 0;
  const wanted = deployment?.chainlets.reduce((sum, one) => sum + one.wanted, 0) ?? 0;
  const crashing = deployment?.chainlets.find((one) => one.state === 'crashing');
  return (
    <li>
      <a class="target" href={href(link('/chain', chain, name))}>
        <span class="target-name">
          <strong>{name}</strong>
          <span class="mono small muted">{deployment?.id ?? 'points nowhere'}</span>
        </span>
        <span class="target-state">
          {deployment && <StateBadge state={deployment.state} />}
          {environment?.canary && (
            <Badge tone="accent">{`canary ${percent(environment.canary.percent)}`}</Badge>
          )}
          {crashing && <span class="small wrong ellipsis">{crashing.display_name} crashes</span>}
        </span>
        <Figure label="Requests" value={data ? rate(now.rate) : '–'} />
        <Figure
          label="Failing"
          value={data ? share(now.errors, now.rate) : '–'}
          bad={healthOf(now) === 'bad'}
        />
        <Figure label="p99" value={data ? ms(now.p99) : '–'} />
        <Figure label="Replicas" value={live ? `${ready}/${wanted}` : '–'} bad={ready < wanted} />
        <Sparkline
          values={points.map((p) => p.rate)}
          bad={points.map((p) => p.errors)}
          width={110}
        />
        <Icon name="right" />
      </a>
    </li>
  );
}

function Figure({ label, value, bad }: { label: string; value: string; bad?: boolean }) {
  return (
    <span class={bad ? 'figure wrong' : 'figure'}>
      <span class="small muted">{label}</span>
      <span>{value}</span>
    </span>
  );
}
