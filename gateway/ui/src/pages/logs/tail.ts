// Log lines of a target as they come, kept in step with what is asked for. Lines are taken over some
// times a second, not one by one, so that 10,000 of them a minute do not keep the page busy.
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Sent, stream } from '../../api/client';
import { type ApiError, asApiError, isAbort } from '../../api/errors';
import type { LogLine, LogsRequest } from '../../api/gen/v1';
import { type LogFilter, LogLines } from '../../lib/log_lines';

const BATCH_MS = 120;
const AGAIN_MS = 2000;

export interface Tail {
  lines: LogLines;
  /** Grows with each batch. */
  version: number;
  state: 'loading' | 'live' | 'away';
  error: ApiError | undefined;
  clear: () => void;
}

/** Follows for as long as it is mounted; what breaks off is begun anew after a while. */
export function useTail(request: Sent<LogsRequest>, filter: LogFilter): Tail {
  const lines = useRef(new LogLines());
  const [version, setVersion] = useState(0);
  const [state, setState] = useState<{ kind: Tail['state']; error?: ApiError }>({
    kind: 'loading',
  });
  const wanted = JSON.stringify(request);
  const selected = JSON.stringify(filter);
  const step = () => setVersion((before) => before + 1);

  useEffect(() => {
    lines.current.select(filter);
    step();
  }, [selected]);

  useEffect(() => {
    const left = new AbortController();
    let waiting: LogLine[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    lines.current.clear();
    setState({ kind: 'loading' });
    step();

    const flush = () => {
      timer = undefined;
      if (left.signal.aborted) return;
      lines.current.add(waiting);
      waiting = [];
      step();
    };
    const follow = async (tail: number) => {
      try {
        // A quiet chain sends nothing: it is live as soon as it has not failed at once.
        again = setTimeout(() => setState({ kind: 'live' }), 500);
        for await (const line of stream(
          'Logs',
          { ...request, tail, follow: true },
          { signal: left.signal },
        )) {
          waiting.push(line);
          timer ??= setTimeout(flush, BATCH_MS);
        }
        clearTimeout(again);
        setState({ kind: 'away' });
      } catch (thrown) {
        clearTimeout(again);
        if (left.signal.aborted || isAbort(thrown)) return;
        setState({ kind: 'away', error: asApiError(thrown) });
      }
      // What was said meanwhile comes again with the tail: begin with an empty page.
      again = setTimeout(() => {
        lines.current.clear();
        follow(tail);
      }, AGAIN_MS);
    };
    follow(request.tail ?? 1000);
    return () => {
      left.abort();
      clearTimeout(timer);
      clearTimeout(again);
    };
  }, [wanted]);

  const clear = () => {
    lines.current.clear();
    step();
  };
  return { lines: lines.current, version, state: state.kind, error: state.error, clear };
}
