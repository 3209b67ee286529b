// Logs of a chain: the last lines, and those that come. What is looked for is in the address, so that a
// search can be handed on.
import { useRef, useState } from 'preact/hooks';
import { Badge } from '../../components/badge';
import { Field, Select } from '../../components/field';
import { Icon } from '../../components/icon';
import { Empty, Stale } from '../../components/say';
import { VirtualRows } from '../../components/virtual_rows';
import { useDebounced } from '../../hooks/debounced';
import { useMedia } from '../../hooks/media';
import { asFilter, LEVELS, type LogLines } from '../../lib/log_lines';
import { setQuery } from '../../router';
import type { ChainPageProps } from '../registry';
import { LineRow, OpenedLine } from './line';
import './logs.css';
import '../traces/traces.css';
import { useTail } from './tail';

const TAIL = 2000;
const LEVEL_NAMES = [
  ['', 'All'],
  ...LEVELS.map((level): [string, string] => [level, `${level} and above`]),
] as const;

export default function LogsPage({ target, query }: ChainPageProps) {
  const [text, setText] = useState(query.get('text') ?? '');
  const filter = asFilter(text, {
    level: query.get('level') ?? '',
    chainlet: query.get('chainlet') ?? '',
    replica: query.get('replica') ?? '',
    traceId: query.get('trace') ?? '',
    requestId: query.get('request') ?? '',
    text: '',
  });
  const [follow, setFollow] = useState(true);
  // Typing filters at once what is here; the platform, which has more, is asked when it is done.
  const asked = useDebounced(filter, 400);
  const tail = useTail(
    {
      of: target.of,
      chainlet: asked.chainlet,
      replica: asked.replica,
      request_id: asked.requestId,
      trace_id: asked.traceId,
      level: asked.level,
      text: asked.text,
      tail: TAIL,
    },
    filter,
  );
  const chainlets = target.deployment?.chainlets ?? [];
  const names: [string, string][] = [
    ['', 'All'],
    ...chainlets.map((each): [string, string] => [each.chainlet, each.display_name]),
  ];
  const only = (
    [
      ['trace', filter.traceId],
      ['request', filter.requestId],
      ['replica', filter.replica],
    ] as const
  ).filter(([, value]) => value !== '');

  return (
    <div class="stack">
      <search class="filters">
        <div class="grow">
          <Field label="Find">
            {(control) => (
              <input
                {...control}
                type="search"
                placeholder="Text, field or id"
                value={text}
                onInput={(event) => {
                  setText(event.currentTarget.value);
                  setQuery({ text: event.currentTarget.value });
                }}
              />
            )}
          </Field>
        </div>
        <Select
          label="Level"
          value={filter.level}
          options={LEVEL_NAMES}
          onChange={(level) => setQuery({ level })}
        />
        <Select
          label="Chainlet"
          value={filter.chainlet}
          options={names}
          onChange={(chainlet) => setQuery({ chainlet })}
        />
        <div class="row">
          <button
            type="button"
            class="button"
            aria-pressed={follow}
            onClick={() => setFollow(!follow)}
          >
            <Icon name={follow ? 'pause' : 'play'} />
            {follow ? 'Stay here' : 'Follow'}
          </button>
          <SaveButton lines={tail.lines} chain={target.chain} />
          <button type="button" class="button" onClick={tail.clear}>
            Clear
          </button>
        </div>
      </search>
      {only.length > 0 && (
        <div class="row">
          {only.map(([name, value]) => (
            <span class="tag" key={name}>
              {name} <span class="mono">{value}</span>{' '}
              <button type="button" class="link" onClick={() => setQuery({ [name]: '' })}>
                show all
              </button>
            </span>
          ))}
        </div>
      )}
      {tail.error && <Stale error={tail.error} />}
      <OpenedLine />
      <Lines tail={tail} follow={follow} setFollow={setFollow} text={text} />
      <p class="small muted row">
        <Badge tone={tail.state === 'live' ? 'ok' : tail.state === 'away' ? 'warn' : 'accent'}>
          {tail.state === 'live'
            ? 'live'
            : tail.state === 'away'
              ? 'broken off, tries again'
              : 'loading'}
        </Badge>
        {tail.lines.shown.length} of {tail.lines.size} lines here
      </p>
    </div>
  );
}

function Lines(props: {
  tail: ReturnType<typeof useTail>;
  follow: boolean;
  setFollow: (follow: boolean) => void;
  text: string;
}) {
  const { tail, follow, setFollow, text } = props;
  const narrow = useMedia('(max-width: 760px)');
  // Who scrolls away sees lines that stay where they are: those of then.
  const kept = useRef(tail.lines.shown);
  if (follow) kept.current = tail.lines.shown;
  const shown = follow ? tail.lines.shown : kept.current;
  if (tail.state !== 'loading' && tail.lines.shown.length === 0) {
    return (
      <Empty icon="logs" title="No line to see">
        {text ? 'None that is kept has this text.' : 'Chainlets have not said anything yet.'}
      </Empty>
    );
  }
  return (
    <VirtualRows
      label="Log lines"
      class="log-lines"
      count={shown.length}
      rowHeight={narrow ? 40 : 26}
      version={tail.version}
      follow={follow}
      onFollow={setFollow}
      head={
        <div class="log-line head" role="row">
          <span role="columnheader">Time</span>
          <span role="columnheader">
            <span class={narrow ? 'only-read' : ''}>Level</span>
          </span>
          <span role="columnheader" class="who-said">
            Chainlet
          </span>
          <span role="columnheader">Message</span>
        </div>
      }
      row={(index) => {
        const line = shown[index];
        return line ? (
          <LineRow key={line.number} line={line.line} index={index} text={text} />
        ) : (
          <div key={index} />
        );
      }}
    />
  );
}

/** What is shown, as NDJSON. */
function SaveButton({ lines, chain }: { lines: LogLines; chain: string }) {
  const save = () => {
    const text = lines.shown.map(({ line }) => `${JSON.stringify(line)}\n`).join('');
    const url = URL.createObjectURL(new Blob([text], { type: 'application/x-ndjson' }));
    Object.assign(document.createElement('a'), {
      href: url,
      download: `${chain}-logs.ndjson`,
    }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };
  return (
    <button type="button" class="button icon-only" onClick={save} title="Save what is shown">
      <Icon name="download" />
      <span class="only-read">Save what is shown</span>
    </button>
  );
}
