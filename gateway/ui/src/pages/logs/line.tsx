// A log line as a row, and all of it in a dialog.
import { signal } from '@preact/signals';
import type { LogLine } from '../../api/gen/v1';
import { CopyButton } from '../../components/copy';
import { Dialog } from '../../components/dialog';
import { moment, num } from '../../lib/format';
import { href, link } from '../../router';

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

// Not of the row: rows go when they are scrolled away, and what somebody reads stays.
const opened = signal<LogLine | undefined>(undefined);

export function LineRow({
  line,
  index,
  text = '',
}: {
  line: LogLine;
  index: number;
  text?: string;
}) {
  const level = line.level || 'output';
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the message inside is the button
    <div
      class={`log-line ${line.level}`}
      role="row"
      aria-rowindex={index + 2}
      onClick={() => {
        opened.value = line;
      }}
    >
      <span role="cell" class="muted ellipsis">
        {clock.format(num(line.unix_ms))}
        <span class="fraction">.{String(num(line.unix_ms) % 1000).padStart(3, '0')}</span>
      </span>
      <span role="cell" class={`level ${line.level || 'debug'}`}>
        {level}
      </span>
      <span role="cell" class="who-said muted ellipsis" title={line.replica}>
        {line.chainlet.replace(/\b\w+\./g, '')}
      </span>
      <span role="cell" class="ellipsis">
        <button type="button" class="log-message">
          <Marked text={line.message} part={text} />
          {Object.entries(line.fields ?? {}).map(([name, value]) => (
            <span key={name}>
              {' '}
              <b>{name}=</b>
              <Marked text={value} part={text} />
            </span>
          ))}
        </button>
      </span>
    </div>
  );
}

/** `text`, with each occurrence of `part` marked. */
function Marked({ text, part }: { text: string; part: string }) {
  const at = part === '' ? -1 : text.toLowerCase().indexOf(part.toLowerCase());
  if (at < 0) return <>{text}</>;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + part.length)}</mark>
      <Marked text={text.slice(at + part.length)} part={part} />
    </>
  );
}

/** The line that was clicked. Once on a page that has rows. */
export function OpenedLine() {
  const line = opened.value;
  const close = () => {
    opened.value = undefined;
  };
  return line ? <Whole line={line} onClose={close} /> : null;
}

function Whole({ line, onClose }: { line: LogLine; onClose: () => void }) {
  const target = line.deployment;
  const facts: [string, preact.ComponentChildren][] = [
    ['Time', moment(line.unix_ms)],
    ['Level', line.level || 'output of the process'],
    ['Chainlet', line.chainlet || '–'],
    ['Replica', line.replica || '–'],
    ['Deployment', `${line.chain} ${line.deployment}`],
    ...Object.entries(line.fields ?? {}),
  ];
  if (line.request_id) {
    const query = { request: line.request_id };
    facts.push([
      'Request',
      <a href={href(link('/chain', line.chain, target, 'logs'), query)} onClick={onClose}>
        {line.request_id}
      </a>,
    ]);
  }
  if (line.trace_id) {
    facts.push([
      'Trace',
      <a href={href(link('/trace', line.trace_id))} onClick={onClose}>
        {line.trace_id}
      </a>,
    ]);
  }
  return (
    <Dialog title="Log line" onClose={onClose} wide>
      <div class="row apart">
        <pre class="log-message-whole mono">{line.message}</pre>
        <CopyButton text={line.message} label="Copy the message" />
      </div>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="mono">{value}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
