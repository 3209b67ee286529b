// A chain's environments and deployments: what points where, and to change that.
import { useState } from 'preact/hooks';
import { list, refreshList } from '../../api/chains';
import { call } from '../../api/client';
import type { Deployment, Environment } from '../../api/gen/v1';
import { mayManage } from '../../api/session';
import { StateBadge } from '../../components/badge';
import { Confirm } from '../../components/confirm';
import { Command } from '../../components/copy';
import { Icon } from '../../components/icon';
import { Table } from '../../components/table';
import { Ago } from '../../components/time';
import { toast } from '../../components/toast';
import { href, link } from '../../router';
import type { ChainPageProps } from '../registry';
import './deployments.css';
import { EnvironmentCards } from './environments';
import { NewEnvironmentDialog } from './new_environment';
import { PromoteDialog } from './promote';
import { RollbackDialog } from './rollback';

type Asked =
  | { kind: 'promote'; deployment: Deployment; environment: string }
  | { kind: 'rollback'; environment: Environment }
  | { kind: 'state'; deployment: Deployment; method: 'Activate' | 'Deactivate' | 'Wake' | 'Delete' }
  | { kind: 'environment' };

export default function DeploymentsPage({ target }: ChainPageProps) {
  const [asked, setAsked] = useState<Asked>();
  const all = list.value;
  const close = () => setAsked(undefined);
  const deployments = all?.deployments.filter((one) => one.chain === target.chain) ?? [];
  const environments = all?.environments.filter((one) => one.chain === target.chain) ?? [];
  const may = mayManage();
  return (
    <div class="stack">
      <EnvironmentCards
        environments={environments}
        deployments={deployments}
        onPromote={(deployment, environment) =>
          setAsked({ kind: 'promote', deployment, environment })
        }
        onRollback={(environment) => setAsked({ kind: 'rollback', environment })}
        onNew={() => setAsked({ kind: 'environment' })}
      />
      <section class="panel flush" aria-label="Deployments">
        <header>
          <h2>Deployments</h2>
          <Command text={`chains push ${target.chain}`} />
        </header>
        <Table
          caption={`Deployments of ${target.chain}`}
          rows={deployments}
          keyOf={(one) => one.id}
          chosen={(one) => one.id === target.deployment?.id}
          columns={[
            { head: 'Deployment', cell: (one) => <Name deployment={one} /> },
            { head: 'State', cell: (one) => <StateBadge state={one.state} /> },
            { head: 'Serves', cell: (one) => <Serves deployment={one} /> },
            { head: 'Replicas', number: true, wide: true, cell: replicas },
            { head: 'Pushed', number: true, cell: (one) => <Ago at={one.created_unix_ms} /> },
            {
              head: 'Actions',
              quiet: true,
              cell: (one) =>
                may && (
                  <Actions
                    deployment={one}
                    environments={environments}
                    ask={setAsked}
                    current={target.environment?.name ?? ''}
                  />
                ),
            },
          ]}
        />
      </section>
      {asked?.kind === 'promote' && (
        <PromoteDialog
          deployment={asked.deployment}
          environment={asked.environment}
          environments={environments}
          onClose={close}
        />
      )}
      {asked?.kind === 'rollback' && (
        <RollbackDialog environment={asked.environment} onClose={close} />
      )}
      {asked?.kind === 'state' && <StateDialog {...asked} onClose={close} />}
      {asked?.kind === 'environment' && (
        <NewEnvironmentDialog chain={target.chain} onClose={close} />
      )}
    </div>
  );
}

function Name({ deployment: one }: { deployment: Deployment }) {
  return (
    <>
      <a
        class="mono"
        href={href(link('/chain', one.chain, one.development ? 'development' : one.id))}
      >
        {one.id}
      </a>
      {one.problem && <p class="small wrong-text">{one.problem}</p>}
    </>
  );
}

function Serves({ deployment: one }: { deployment: Deployment }) {
  const revision = one.development ? [`development, revision ${one.revision}`] : [];
  const canaries = one.canary_of.map((of) => `${of.percent} % of ${of.environment}`);
  const all = [...one.environments, ...canaries, ...revision];
  if (all.length === 0) return <span class="muted">–</span>;
  return (
    <span class="row">
      {all.map((text) => (
        <span class="tag" key={text}>
          {text}
        </span>
      ))}
    </span>
  );
}

function replicas(one: Deployment): string {
  const sum = (of: (chainlet: Deployment['chainlets'][number]) => number) =>
    one.chainlets.reduce((all, c) => all + of(c), 0);
  return `${sum((c) => c.ready)} of ${sum((c) => c.wanted)}`;
}

function Actions(props: {
  deployment: Deployment;
  environments: Environment[];
  current: string;
  ask: (asked: Asked) => void;
}) {
  const { deployment, environments, ask } = props;
  const { state } = deployment;
  const free = environments.filter((one) => one.deployment !== deployment.id);
  const first =
    free.find((one) => one.name === props.current) ??
    free.find((one) => one.name === 'production') ??
    free[0];
  const isOff = state === 'DEPLOYMENT_INACTIVE';
  const change = (method: 'Activate' | 'Deactivate' | 'Wake' | 'Delete') => () =>
    ask({ kind: 'state', deployment, method });
  return (
    <div class="row actions">
      {first && !deployment.development && state !== 'DEPLOYMENT_FAILED' && (
        <button
          type="button"
          class="button"
          onClick={() => ask({ kind: 'promote', deployment, environment: first.name })}
        >
          <Icon name="up" /> Promote
        </button>
      )}
      {state === 'DEPLOYMENT_SCALED_TO_ZERO' && (
        <button type="button" class="button ghost" onClick={change('Wake')}>
          Wake
        </button>
      )}
      {state !== 'DEPLOYMENT_FAILED' && (
        <button
          type="button"
          class="button ghost"
          onClick={change(isOff ? 'Activate' : 'Deactivate')}
        >
          {isOff ? 'Activate' : 'Deactivate'}
        </button>
      )}
      {deployment.environments.length === 0 && (
        <button type="button" class="button ghost" onClick={change('Delete')}>
          Delete
        </button>
      )}
    </div>
  );
}

const SAID = {
  Activate: 'Its replicas are started, and it answers requests again.',
  Deactivate: 'Its replicas end, and its requests are refused until it is activated.',
  Wake: 'A replica of each of its chainlets is started.',
  Delete: 'It is removed for good, with its files. This cannot be undone.',
} as const;

function StateDialog(props: {
  deployment: Deployment;
  method: keyof typeof SAID;
  onClose: () => void;
}) {
  const { deployment, method, onClose } = props;
  const serving = deployment.environments;
  return (
    <Confirm
      title={`${method} ${deployment.id}`}
      verb={method}
      danger={method === 'Delete' || (method === 'Deactivate' && serving.length > 0)}
      onClose={onClose}
      act={async () => {
        await call(method, { deployment: deployment.id });
        toast(`${deployment.id}: ${method.toLowerCase()}d`.replace('waked', 'woken'));
        refreshList().catch(() => undefined);
      }}
    >
      <p>{SAID[method]}</p>
      {method === 'Deactivate' && serving.length > 0 && (
        <p>
          <strong>{serving.join(', ')}</strong> of {deployment.chain} points at it.
        </p>
      )}
    </Confirm>
  );
}
