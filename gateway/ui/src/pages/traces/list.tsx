// Traces that are kept, newest first: filtered by the platform, and drawn a window at a time, so that
// a thousand cost what twenty cost.
import { useState } from 'preact/hooks';
import { call, type Sent } from '../../api/client';
import type { DeploymentRequest, TraceSummary } from '../../api/gen/v1';
import { Badge, type Tone } from '../../components/badge';
import { Checkbox, Field } from '../../components/field';
import { Empty, Loaded } from '../../components/say';
import { Ago } from '../../components/time';
import { VirtualRows } from '../../components/virtual_rows';
import { useDebounced } from '../../hooks/debounced';
import { useMedia } from '../../hooks/media';
import { usePoll } from '../../hooks/poll';
import { num, us } from '../../lib/format';
import { codeName } from '../../lib/waterfall';
import { href, link, setQuery, where } from '../../router';
import './traces.css';

const EVERY_MS = 3000;
const MOST = 1000;

export function TraceList({ of }: { of: Sent<DeploymentRequest> | undefined }) {
  const { query } = where.value;
  const [text, setText] = useState(query.get('text') ?? '');
  const [atLeast, setAtLeast] = useState(query.get('ms') ?? '');
  const failed = query.get('failed') === '1';
  const wanted = useDebounced({ text, atLeast }, 300);
  const minMs = Number(wanted.atLeast) || 0;

  const { data, error, again } = usePoll(
    (signal) =>
      call('ListTraces', { of, text: wanted.text, min_ms: minMs, failed, limit: MOST }, { signal }),
    EVERY_MS,
    [of, wanted.text, minMs, failed],
  );

  return (
    <div class="stack">
      <search class="filters">
        <div class="grow">
          <Field label="Find">
            {(control) => (
              <input
                {...control}
                type="search"
                placeholder="Method, trace or request id"
                value={text}
                onInput={(event) => {
                  setText(event.currentTarget.value);
                  setQuery({ text: event.currentTarget.value });
                }}
              />
            )}
          </Field>
        </div>
        <div class="narrow">
          <Field label="At least, ms">
            {(control) => (
              <input
                {...control}
                type="number"
                min="0"
                value={atLeast}
                onInput={(event) => {
                  setAtLeast(event.currentTarget.value);
                  setQuery({ ms: event.currentTarget.value });
                }}
              />
            )}
          </Field>
        </div>
        <Checkbox
          label="Failed only"
          checked={failed}
          onChange={(is) => setQuery({ failed: is ? '1' : '' })}
        />
      </search>
      <Loaded data={data} error={error} again={again} what="Traces could not be read.">
        {({ traces, kept, dropped, not_exported, export_problem }) =>
          traces.length === 0 ? (
            <Empty icon="traces" title="No trace to see">
              Kept are traces that are asked for, drawn by lot, slow or failed. The dialogue for
              calls asks for one with each call.
            </Empty>
          ) : (
            <>
              <Rows traces={traces} />
              <p class="small muted" role="status">
                {traces.length === MOST ? `The last ${MOST}` : traces.length} shown, {kept} kept on
                the platform
                {num(dropped) > 0 && `; ${dropped} spans were lost on their way`}
                {num(not_exported) > 0 && `; ${not_exported} did not get to the collector`}
                {export_problem && `; the collector of traces: ${export_problem}`}
              </p>
            </>
          )
        }
      </Loaded>
    </div>
  );
}

function Rows({ traces }: { traces: readonly TraceSummary[] }) {
  const narrow = useMedia('(max-width: 760px)');
  const longest = Math.max(1, ...traces.map((trace) => num(trace.duration_us)));
  return (
    <VirtualRows
      label="Traces"
      count={traces.length}
      rowHeight={narrow ? 44 : 34}
      version={traces}
      head={<Head />}
      row={(index) => {
        const trace = traces[index];
        return trace ? (
          <TraceRow key={trace.trace_id} trace={trace} longest={longest} index={index} />
        ) : (
          <div />
        );
      }}
    />
  );
}

function Head() {
  return (
    <div class="trace-row head" role="row">
      <span role="columnheader">Began</span>
      <span role="columnheader">Request</span>
      <span role="columnheader">Took</span>
      <span role="columnheader" class="number wide">
        Spans
      </span>
      <span role="columnheader" class="wide">
        Kept because
      </span>
      <span role="columnheader" class="wide">
        Result
      </span>
    </div>
  );
}

function TraceRow({
  trace,
  longest,
  index,
}: {
  trace: TraceSummary;
  longest: number;
  index: number;
}) {
  const code = codeName(trace.code);
  const [tone, why] = WHY[trace.kept] ?? ['quiet', trace.kept];
  return (
    <a
      class="trace-row"
      role="row"
      aria-rowindex={index + 2}
      href={href(link('/trace', trace.trace_id))}
    >
      <span role="cell" class="muted small">
        <Ago at={num(trace.start_unix_us) / 1000} />
      </span>
      <span role="cell" class="ellipsis">
        <strong>{trace.method.replace(/^.*\//, '')}</strong>{' '}
        <span class="muted">
          {trace.chain} {trace.environment}
        </span>
      </span>
      <span role="cell" class="trace-long">
        <i
          class={code === 'OK' ? '' : 'failed'}
          style={{ width: `${(100 * num(trace.duration_us)) / longest}%` }}
        />
        <span class="number small">{us(trace.duration_us)}</span>
      </span>
      <span role="cell" class="number wide small">
        {trace.spans}
      </span>
      <span role="cell" class="wide">
        <Badge tone={tone}>{why}</Badge>
      </span>
      <span role="cell" class="wide ellipsis small">
        {code === 'OK' ? <span class="muted">OK</span> : <span class="bad-text">{code}</span>}
      </span>
    </a>
  );
}

export const WHY: Record<string, [Tone, string]> = {
  asked: ['accent', 'asked for'],
  drawn: ['quiet', 'sampled'],
  sampled: ['quiet', 'sampled'],
  failed: ['bad', 'failed'],
  slow: ['warn', 'slow'],
  recorded: ['accent', 'recorded'],
};
