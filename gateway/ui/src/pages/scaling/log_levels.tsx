// What chainlets log from now on. The platform tells levels when they are set, so that until then
// "as at first" is all that is known.
import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import type { ChainletStatus, DeploymentRequest } from '../../api/gen/v1';
import { mayManage } from '../../api/session';
import { Select } from '../../components/field';
import { Problem } from '../../components/say';
import { toast } from '../../components/toast';
import { useAction } from '../../hooks/action';

const LEVELS = [
  ['', 'as at first (info)'],
  ['debug', 'debug'],
  ['info', 'info'],
  ['warning', 'warning'],
  ['error', 'error'],
] as const;

type Level = (typeof LEVELS)[number][0];

export function LogLevels({
  of,
  chainlets,
}: {
  of: DeploymentRequest;
  chainlets: ChainletStatus[];
}) {
  const [levels, setLevels] = useState<Record<string, Level>>({});
  const action = useAction(async (chainlet: string, level: Level) => {
    const answer = await call('SetLogLevel', { of, chainlet, level });
    const told = answer.levels.map((row) => [row.chainlet, row.level as Level] as const);
    setLevels((before) => ({ ...before, ...Object.fromEntries(told), [chainlet]: level }));
    toast(`${chainlet} logs ${level || 'as at first'}`);
  });
  if (!mayManage()) return null;
  return (
    <section class="panel stack" aria-label="Logging">
      <div>
        <h2>Logging</h2>
        <p class="muted small">
          From now on, in all replicas, without a restart. Nothing below the level is written.
        </p>
      </div>
      {action.error && <Problem error={action.error} />}
      <div class="scale-form">
        {chainlets.map((one) => (
          <Select<Level>
            key={one.chainlet}
            label={one.chainlet}
            value={levels[one.chainlet] ?? ''}
            options={LEVELS}
            onChange={(level) => action.run(one.chainlet, level)}
          />
        ))}
      </div>
    </section>
  );
}
