// The question before an environment points elsewhere: from what to what, and what that changes. The
// platform refuses what would break callers; only then the chain's name is to be typed.
import { useState } from 'preact/hooks';
import { refreshList } from '../../api/chains';
import { call } from '../../api/client';
import type { Deployment, Environment } from '../../api/gen/v1';
import { ChangeList } from '../../components/changes';
import { Dialog } from '../../components/dialog';
import { Field, Select } from '../../components/field';
import { Problem, Skeleton } from '../../components/say';
import { toast } from '../../components/toast';
import { useAction } from '../../hooks/action';
import { usePoll } from '../../hooks/poll';
import { FromTo } from './from_to';

interface PromoteProps {
  deployment: Deployment;
  environments: Environment[];
  /** Chosen at first. */
  environment: string;
  onClose: () => void;
}

export function PromoteDialog({ deployment, environments, environment, onClose }: PromoteProps) {
  const [name, setName] = useState(environment);
  const [way, setWay] = useState<'all' | 'canary'>('all');
  const [percent, setPercent] = useState('10');
  const [abort, setAbort] = useState('5');
  const [typed, setTyped] = useState('');
  const [breaks, setBreaks] = useState(false);
  const from = environments.find((one) => one.name === name)?.deployment ?? '';
  const both = usePoll((signal) => readBoth(from, deployment.id, signal), 0, [from, deployment.id]);

  const action = useAction(async () => {
    const canary_percent = way === 'canary' ? Number(percent) : 0;
    try {
      await call('Promote', {
        deployment: deployment.id,
        environment: name,
        breaking: breaks,
        canary_percent,
        abort_above_percent: way === 'canary' ? Number(abort) : 0,
      });
    } catch (thrown) {
      setBreaks((thrown as { code?: string }).code === 'FAILED_PRECONDITION');
      throw thrown;
    }
    toast(
      way === 'canary'
        ? `${name}: ${percent} % go to ${deployment.id}`
        : `${name} points at ${deployment.id}`,
    );
    refreshList().catch(() => undefined);
    onClose();
  });

  const confirmed = !breaks || typed.trim() === deployment.chain;
  const wrong = way === 'canary' && !(Number(percent) > 0 && Number(percent) < 100);
  return (
    <Dialog
      title={`Promote ${deployment.id}`}
      wide
      onClose={onClose}
      onSubmit={() => confirmed && !wrong && !action.running && action.run()}
      actions={
        <>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            class={breaks ? 'button danger' : 'button primary'}
            disabled={!confirmed || wrong || action.running || from === deployment.id}
          >
            {action.running
              ? 'Promoting'
              : breaks
                ? 'Promote, and break callers'
                : way === 'canary'
                  ? 'Start the canary'
                  : 'Promote'}
          </button>
        </>
      }
    >
      <div class="form-row">
        <Select
          label="Environment"
          value={name}
          options={environments.map((one) => [one.name, one.name])}
          onChange={(to) => {
            setName(to);
            setBreaks(false);
            action.clear();
          }}
        />
        <Select
          label="Requests"
          value={way}
          options={[
            ['all', 'All of them'],
            ['canary', 'A share (canary)'],
          ]}
          onChange={setWay}
        />
        {way === 'canary' && (
          <Field label="Share, %" error={wrong ? 'Between 0 and 100' : undefined}>
            {(control) => (
              <input
                {...control}
                inputMode="decimal"
                value={percent}
                onInput={(event) => setPercent(event.currentTarget.value)}
              />
            )}
          </Field>
        )}
        {way === 'canary' && (
          <Field label="Ends above, % points" hint="more failures than the others">
            {(control) => (
              <input
                {...control}
                inputMode="decimal"
                value={abort}
                onInput={(event) => setAbort(event.currentTarget.value)}
              />
            )}
          </Field>
        )}
      </div>
      <FromTo from={from} to={deployment.id} where={name} />
      <section class="stack tight" aria-label="What changes">
        <h3>What changes</h3>
        {both.error && (
          <Problem error={both.error} what="What changes could not be read." retry={both.again} />
        )}
        {both.data ? (
          <ChangeList from={both.data.from} to={both.data.to} />
        ) : (
          !both.error && <Skeleton lines={3} />
        )}
      </section>
      {action.error && <Problem error={action.error} />}
      {breaks && (
        <Field label={`Type ${deployment.chain} to promote it nevertheless`}>
          {(control) => (
            <input
              {...control}
              autocomplete="off"
              spellcheck={false}
              value={typed}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
    </Dialog>
  );
}

/** Both with their manifests; `from` may be nothing, or be gone. */
export async function readBoth(from: string, to: string, signal: AbortSignal) {
  const one = (deployment: string) =>
    call('Status', { deployment }, { signal }).then((answer) => answer.deployment ?? undefined);
  const [before, after] = await Promise.all([
    from ? one(from).catch(() => undefined) : undefined,
    one(to),
  ]);
  if (!after) throw new Error(`${to} is gone`);
  return { from: before, to: after };
}
