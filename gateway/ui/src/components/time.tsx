// "12 s ago", kept up to date by one clock for all; the moment itself on hover and for screen readers.
import { signal } from '@preact/signals';
import { ago, type Figure, moment, num } from '../lib/format';

export const now = signal(Date.now());

let clock: ReturnType<typeof setInterval> | undefined;

/** Ticks while the tab is seen. */
export function startClock(): void {
  const tick = () => {
    now.value = Date.now();
  };
  const turn = () => {
    clearInterval(clock);
    if (document.hidden) return;
    tick();
    clock = setInterval(tick, 5000);
  };
  document.addEventListener('visibilitychange', turn);
  turn();
}

export function Ago({ at }: { at: Figure }) {
  const ms = num(at);
  if (!(ms > 0)) return <span class="muted">–</span>;
  return (
    <time dateTime={new Date(ms).toISOString()} title={moment(ms)}>
      {ago(ms, now.value)}
    </time>
  );
}
