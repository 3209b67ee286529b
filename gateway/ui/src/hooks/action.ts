// Something that a button does: whether it runs, and how it failed.
//
//   const save = useAction(() => call('SetScaling', request));
//   <button type="button" disabled={save.running} onClick={save.run}>Save</button> {save.error && …}
import { useState } from 'preact/hooks';
import { type ApiError, asApiError } from '../api/errors';

export interface Action<A extends unknown[]> {
  running: boolean;
  error: ApiError | undefined;
  run: (...args: A) => Promise<void>;
  clear: () => void;
}

export function useAction<A extends unknown[]>(act: (...args: A) => Promise<unknown>): Action<A> {
  const [state, setState] = useState<{ running: boolean; error?: ApiError }>({ running: false });
  return {
    running: state.running,
    error: state.error,
    clear: () => setState({ running: false }),
    run: async (...args) => {
      setState({ running: true });
      try {
        await act(...args);
        setState({ running: false });
      } catch (thrown) {
        setState({ running: false, error: asApiError(thrown) });
      }
    },
  };
}
