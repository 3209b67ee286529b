// What was logged while a trace's request ran.
import { stream } from '../../api/client';
import type { LogLine, TraceSummary } from '../../api/gen/v1';
import { Loaded } from '../../components/say';
import { usePoll } from '../../hooks/poll';
import { LineRow, OpenedLine } from '../logs/line';
import '../logs/logs.css';

const MOST = 200;

export function TraceLogs({ summary }: { summary: TraceSummary }) {
  const of = { deployment: summary.deployment, chain: '', environment: '' };
  const { data, error, again } = usePoll(
    async (signal) => {
      const lines: LogLine[] = [];
      const request = { of, trace_id: summary.trace_id, tail: MOST };
      for await (const line of stream('Logs', request, { signal })) lines.push(line);
      return lines;
    },
    0,
    [summary.trace_id],
  );
  return (
    <section class="panel flush" aria-labelledby="trace-logs">
      <header>
        <h2 id="trace-logs">Logged meanwhile</h2>
      </header>
      <OpenedLine />
      <Loaded data={data} error={error} again={again} what="Log lines could not be read." lines={2}>
        {(lines) =>
          lines.length === 0 ? (
            <p class="muted pad">Nothing.</p>
          ) : (
            <div class="log-lines" role="table" aria-label="Log lines of the trace">
              {lines.map((line, i) => (
                <LineRow key={`${line.unix_ms} ${i}`} line={line} index={i} />
              ))}
            </div>
          )
        }
      </Loaded>
    </section>
  );
}
