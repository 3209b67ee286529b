// Environments as cards: where each points, its canary, and what to do with it.
import type { Deployment, Environment } from '../../api/gen/v1';
import { mayManage } from '../../api/session';
import { StateBadge } from '../../components/badge';
import { Icon } from '../../components/icon';
import { Empty } from '../../components/say';
import { Ago } from '../../components/time';
import { percent } from '../../lib/format';

interface CardsProps {
  environments: Environment[];
  deployments: Deployment[];
  onPromote: (deployment: Deployment, environment: string) => void;
  onRollback: (environment: Environment) => void;
  onNew: () => void;
}

export function EnvironmentCards(props: CardsProps) {
  return (
    <section class="stack tight" aria-label="Environments">
      <div class="row apart">
        <h2>Environments</h2>
        {mayManage() && (
          <button type="button" class="button" onClick={props.onNew}>
            <Icon name="plus" /> New environment
          </button>
        )}
      </div>
      {props.environments.length === 0 && (
        <Empty title="No environment yet">
          The first deployment that is pushed becomes production.
        </Empty>
      )}
      <div class="panel-grid">
        {props.environments.map((one) => (
          <Card key={one.name} {...props} environment={one} />
        ))}
      </div>
    </section>
  );
}

function Card({
  environment,
  deployments,
  onPromote,
  onRollback,
}: CardsProps & { environment: Environment }) {
  const { name, deployment: id, previous, canary, ended_canary: ended } = environment;
  const deployment = deployments.find((one) => one.id === id);
  const tried = deployments.find((one) => one.id === canary?.deployment);
  return (
    <article class="panel environment stack tight">
      <div class="row apart">
        <h3>{name}</h3>
        {deployment && <StateBadge state={deployment.state} />}
      </div>
      {deployment ? (
        <p>
          <code>{id}</code>{' '}
          <span class="muted">
            pushed <Ago at={deployment.created_unix_ms} />
          </span>
        </p>
      ) : (
        <p class="muted">It points nowhere yet. Promote a deployment below.</p>
      )}
      {canary && (
        <div class="canary">
          <div class="row apart small">
            <span>
              Canary <code>{canary.deployment}</code>
            </span>
            <span>{percent(canary.percent)} of requests</span>
          </div>
          <meter
            min="0"
            max="100"
            value={canary.percent}
            aria-label={`${canary.percent} percent go to the canary`}
          />
          <p class="small muted">
            Ends at {percent(canary.abort_above_percent || 5)} points more failures than the others.
          </p>
        </div>
      )}
      {!canary && ended && (
        <p class="note warn small">
          <Icon name="warning" />
          <span>
            The canary {ended.deployment} was ended: {ended.why}
          </span>
        </p>
      )}
      {mayManage() && (
        <div class="row actions-end">
          {canary && tried && (
            <button type="button" class="button primary" onClick={() => onPromote(tried, name)}>
              <Icon name="up" /> Promote canary
            </button>
          )}
          {(canary || previous) && (
            <button type="button" class="button" onClick={() => onRollback(environment)}>
              <Icon name="back" /> {canary ? 'End canary' : 'Roll back'}
            </button>
          )}
          {!canary && previous && <span class="small muted">to {previous}</span>}
        </div>
      )}
    </article>
  );
}
