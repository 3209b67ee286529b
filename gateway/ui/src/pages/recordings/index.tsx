// Recordings of a chain: take some requests with the messages of every hop, and make tests of them.
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, stream } from '../../api/client';
import { type ApiError, asApiError, isAbort } from '../../api/errors';
import type { RecordedRequest, RecordingHeader, TraceSummary } from '../../api/gen/v1';
import { Badge } from '../../components/badge';
import { Command } from '../../components/copy';
import { Checkbox, Field } from '../../components/field';
import { Icon } from '../../components/icon';
import { Empty, Loaded, Problem } from '../../components/say';
import { Table } from '../../components/table';
import { Ago } from '../../components/time';
import { usePoll } from '../../hooks/poll';
import { num, us } from '../../lib/format';
import { codeName } from '../../lib/waterfall';
import { href, link } from '../../router';
import type { ChainPageProps } from '../registry';
import '../traces/traces.css';
import { TestButton } from './make_test';

const KEPT_EVERY_MS = 5000;

export default function RecordingsPage({ target }: ChainPageProps) {
  return (
    <div class="stack">
      <Recorder key={`${target.chain} ${target.name}`} target={target} />
      <Kept target={target} />
    </div>
  );
}

interface Taken {
  header: RecordingHeader | undefined;
  requests: RecordedRequest[];
  state: 'idle' | 'recording' | 'ended';
  error: ApiError | undefined;
}

function Recorder({ target }: { target: ChainPageProps['target'] }) {
  const [wish, setWish] = useState({
    percent: '100',
    requests: '20',
    seconds: '60',
    onlyFailed: false,
  });
  const [taken, setTaken] = useState<Taken>({
    header: undefined,
    requests: [],
    state: 'idle',
    error: undefined,
  });
  const running = useRef<AbortController>();
  useEffect(() => () => running.current?.abort(), []);

  const start = async () => {
    const stop = new AbortController();
    running.current = stop;
    let next: Taken = { header: undefined, requests: [], state: 'recording', error: undefined };
    setTaken(next);
    const request = {
      of: target.of,
      percent: Number(wish.percent) || 0,
      requests: Number(wish.requests) || 0,
      seconds: Number(wish.seconds) || 0,
      only_failed: wish.onlyFailed,
    };
    try {
      for await (const part of stream('Record', request, { signal: stop.signal })) {
        next = {
          ...next,
          header: part.header ?? next.header,
          requests: part.request ? [...next.requests, part.request] : next.requests,
        };
        setTaken(next);
      }
      setTaken({ ...next, state: 'ended' });
    } catch (thrown) {
      const error = stop.signal.aborted || isAbort(thrown) ? undefined : asApiError(thrown);
      setTaken({ ...next, state: 'ended', error });
    }
  };
  const isRecording = taken.state === 'recording';
  const number = (label: string, name: 'percent' | 'requests' | 'seconds', max: number) => (
    <div class="narrow">
      <Field label={label}>
        {(control) => (
          <input
            {...control}
            type="number"
            min="1"
            max={max}
            required
            value={wish[name]}
            onInput={(event) => setWish({ ...wish, [name]: event.currentTarget.value })}
          />
        )}
      </Field>
    </div>
  );

  return (
    <section class="panel stack" aria-labelledby="record">
      <div class="stack tight">
        <h2 id="record">Record requests</h2>
        <p class="muted">
          Keeps what every chainlet was asked and what it answered, without the fields that its
          contract keeps private. Ends by itself.
        </p>
      </div>
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          start();
        }}
      >
        {number('Of requests, %', 'percent', 100)}
        {number('At most', 'requests', 10_000)}
        {number('Seconds', 'seconds', 3600)}
        <Checkbox
          label="Failed ones only"
          checked={wish.onlyFailed}
          onChange={(onlyFailed) => setWish({ ...wish, onlyFailed })}
        />
        {isRecording ? (
          <button type="button" class="button danger" onClick={() => running.current?.abort()}>
            <Icon name="stop" /> Stop
          </button>
        ) : (
          <button type="submit" class="button primary">
            <Icon name="recordings" /> Record
          </button>
        )}
        {taken.state !== 'idle' && (
          <span role="status">
            <Badge tone={isRecording ? 'accent' : 'ok'}>
              {isRecording ? 'recording' : 'ended'}
            </Badge>{' '}
            {taken.requests.length} taken
          </span>
        )}
      </form>
      {taken.error && <Problem error={taken.error} what="Nothing more is recorded." />}
      {taken.requests.length > 0 && <TakenRequests taken={taken} />}
      <div class="stack tight small muted">
        <p>As a file, to be replayed later:</p>
        <Command text={`chains record ${target.chain} -o ${target.chain}.recording`} />
      </div>
    </section>
  );
}

function TakenRequests({ taken }: { taken: Taken }) {
  const rows = taken.requests.map((request, i) => ({ request, number: i + 1 })).reverse();
  const root = (request: RecordedRequest) =>
    request.spans.find((span) => span.outermost) ?? request.spans[0];
  return (
    <Table
      caption="Requests that were taken"
      rows={rows}
      keyOf={(row) => String(row.number)}
      columns={[
        { head: '#', cell: (row) => row.number, number: true, wide: true },
        { head: 'Request', cell: (row) => root(row.request)?.method.replace(/^.*\//, '') ?? '–' },
        { head: 'Took', cell: (row) => us(root(row.request)?.duration_us), number: true },
        { head: 'Result', cell: (row) => codeName(root(row.request)?.code ?? 0) },
        { head: 'Spans', cell: (row) => row.request.spans.length, number: true, wide: true },
        {
          head: 'Test',
          quiet: true,
          cell: (row) => <TestButton request={{ header: taken.header, request: row.request }} />,
        },
      ]}
    />
  );
}

/** Traces with messages that the platform still has. */
function Kept({ target }: { target: ChainPageProps['target'] }) {
  const { data, error, again } = usePoll(
    (signal) => call('ListTraces', { of: target.of, recorded: true, limit: 200 }, { signal }),
    KEPT_EVERY_MS,
    [target.of],
  );
  return (
    <section class="panel flush" aria-labelledby="kept">
      <header>
        <h2 id="kept">Recorded traces on the platform</h2>
      </header>
      <Loaded data={data} error={error} again={again} what="Recorded traces could not be read.">
        {({ traces }) =>
          traces.length === 0 ? (
            <Empty icon="recordings" title="None is kept">
              What is recorded appears here, too, until newer traces take its place.
            </Empty>
          ) : (
            <Table<TraceSummary>
              caption="Recorded traces"
              rows={traces}
              keyOf={(trace) => trace.trace_id}
              columns={[
                { head: 'Began', cell: (trace) => <Ago at={num(trace.start_unix_us) / 1000} /> },
                {
                  head: 'Request',
                  cell: (trace) => (
                    <a href={href(link('/trace', trace.trace_id))}>
                      {trace.method.replace(/^.*\//, '')}
                    </a>
                  ),
                },
                { head: 'Took', cell: (trace) => us(trace.duration_us), number: true },
                { head: 'Result', cell: (trace) => codeName(trace.code) },
                {
                  head: 'Test',
                  quiet: true,
                  cell: (trace) => <TestButton request={{ trace_id: trace.trace_id }} />,
                },
              ]}
            />
          )
        }
      </Loaded>
    </section>
  );
}
