// Figures that are asked for again and again while somebody looks at them.
//
//   const { data, error, again } = usePoll((signal) => call('List', {}, { signal }), 5000, []);
//
// Never two at a time; nothing while the tab is hidden, and at once when it is shown again; after a
// failure less and less often, up to a minute, while the last figures stay.
import { useEffect, useRef, useState } from 'preact/hooks';
import { type ApiError, asApiError, isAbort } from '../api/errors';

const LONGEST_MS = 60_000;

/** The pause after `failures` in a row: twice as long each time. */
export function pauseMs(everyMs: number, failures: number, retryAfterMs = 0): number {
  return Math.max(Math.min(everyMs * 2 ** failures, Math.max(LONGEST_MS, everyMs)), retryAfterMs);
}

export interface Polled<T> {
  data: T | undefined;
  error: ApiError | undefined;
  /** Asks now. */
  again: () => void;
}

/** `everyMs` 0: once, and when `keys` change. */
export function usePoll<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  everyMs: number,
  keys: readonly unknown[],
): Polled<T> {
  const [state, setState] = useState<{ of: string; data?: T; error?: ApiError }>({ of: '' });
  const latest = useRef(ask);
  latest.current = ask;
  const kick = useRef<() => void>(() => undefined);
  const of = JSON.stringify(keys);

  useEffect(() => {
    const left = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let running = false;
    let failures = 0;

    const plan = (ms: number) => {
      clearTimeout(timer);
      if (everyMs > 0 && !document.hidden && !left.signal.aborted) timer = setTimeout(run, ms);
    };
    const run = async () => {
      if (running || left.signal.aborted) return;
      running = true;
      clearTimeout(timer);
      let next = everyMs;
      try {
        const data = await latest.current(left.signal);
        failures = 0;
        if (!left.signal.aborted) setState({ of, data });
      } catch (thrown) {
        if (!isAbort(thrown) && !left.signal.aborted) {
          const error = asApiError(thrown);
          setState((before) => ({ of, data: before.of === of ? before.data : undefined, error }));
          next = pauseMs(everyMs, ++failures, error.retryAfterMs);
        }
      }
      running = false;
      plan(next);
    };
    const shown = () => (document.hidden ? clearTimeout(timer) : everyMs > 0 && run());

    kick.current = run;
    document.addEventListener('visibilitychange', shown);
    run();
    return () => {
      left.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', shown);
    };
  }, [of, everyMs]);

  // What was asked for before belongs to something else.
  const current = state.of === of ? state : undefined;
  return { data: current?.data, error: current?.error, again: () => kick.current() };
}
