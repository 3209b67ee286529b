// How something is, as a shape, a word and a colour.
import type { DeploymentState } from '../api/gen/v1';

export type Tone = 'ok' | 'warn' | 'bad' | 'quiet' | 'accent';

/** A circle, a triangle, a square or a ring, so that colour is not needed to tell them apart. */
export function Dot({ tone }: { tone: Tone }) {
  return (
    <svg class={`dot ${tone}`} width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
      {tone === 'bad' ? (
        <rect x="1" y="1" width="8" height="8" rx="1" />
      ) : tone === 'warn' ? (
        <path d="M5 .8 9.6 9H.4z" />
      ) : tone === 'quiet' ? (
        <circle cx="5" cy="5" r="3.2" fill="none" stroke="currentColor" stroke-width="1.6" />
      ) : (
        <circle cx="5" cy="5" r="4" />
      )}
    </svg>
  );
}

export function Badge({ tone, children }: { tone: Tone; children: string }) {
  return (
    <span class={`badge ${tone}`}>
      <Dot tone={tone} />
      {children}
    </span>
  );
}

const STATES: Record<DeploymentState, [Tone, string]> = {
  DEPLOYMENT_DEPLOYING: ['accent', 'deploying'],
  DEPLOYMENT_ACTIVE: ['ok', 'active'],
  DEPLOYMENT_SCALED_TO_ZERO: ['quiet', 'asleep'],
  DEPLOYMENT_WAKING_UP: ['accent', 'waking up'],
  DEPLOYMENT_UNHEALTHY: ['bad', 'unhealthy'],
  DEPLOYMENT_INACTIVE: ['quiet', 'inactive'],
  DEPLOYMENT_FAILED: ['bad', 'failed'],
};

export function toneOf(state: DeploymentState): Tone {
  return STATES[state]?.[0] ?? 'quiet';
}

export function StateBadge({ state }: { state: DeploymentState }) {
  const [tone, text] = STATES[state] ?? ['quiet', state];
  return <Badge tone={tone}>{text}</Badge>;
}

/** Of chainlets and replicas: "ready", "starting", "crashing", … */
export function toneOfWord(state: string): Tone {
  if (state === 'ready') return 'ok';
  if (['crashing', 'unhealthy', 'unreachable'].includes(state)) return 'bad';
  if (['pending', 'waits for room'].includes(state)) return 'warn';
  return state === 'asleep' || state === 'draining' ? 'quiet' : 'accent';
}
