// Back to what the environment had before; or, with a canary, the end of that alone.
import { refreshList } from '../../api/chains';
import { call } from '../../api/client';
import type { Environment } from '../../api/gen/v1';
import { ChangeList } from '../../components/changes';
import { Dialog } from '../../components/dialog';
import { Problem, Skeleton } from '../../components/say';
import { toast } from '../../components/toast';
import { useAction } from '../../hooks/action';
import { usePoll } from '../../hooks/poll';
import { FromTo } from './from_to';
import { readBoth } from './promote';

export function RollbackDialog({
  environment,
  onClose,
}: {
  environment: Environment;
  onClose: () => void;
}) {
  const { chain, name, canary, deployment, previous } = environment;
  const [from, to] = canary ? [canary.deployment, deployment] : [deployment, previous];
  const both = usePoll((signal) => readBoth(from, to, signal), 0, [from, to]);
  const action = useAction(async () => {
    await call('Rollback', { chain, environment: name });
    toast(canary ? `The canary of ${name} is ended` : `${name} points at ${to} again`);
    refreshList().catch(() => undefined);
    onClose();
  });
  const verb = canary ? 'End the canary' : 'Roll back';
  return (
    <Dialog
      title={`${verb}: ${chain}, ${name}`}
      wide
      onClose={onClose}
      onSubmit={() => !action.running && action.run()}
      actions={
        <>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button primary" disabled={action.running}>
            {action.running ? 'Rolling back' : verb}
          </button>
        </>
      }
    >
      {canary && (
        <p>
          All requests go to {deployment} again; {canary.percent} % went to {canary.deployment}.
        </p>
      )}
      <FromTo from={from} to={to} where={name} />
      <section class="stack tight" aria-label="What changes">
        <h3>What changes</h3>
        {both.error && <Problem error={both.error} retry={both.again} />}
        {both.data ? (
          <ChangeList from={both.data.from} to={both.data.to} />
        ) : (
          !both.error && <Skeleton lines={3} />
        )}
      </section>
      {action.error && <Problem error={action.error} />}
    </Dialog>
  );
}
