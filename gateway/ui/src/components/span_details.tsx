// What is known of one call of a waterfall: where its time went, what happened, and its messages where
// they were recorded.
import { us } from '../lib/format';
import { messageText } from '../lib/message_text';
import type { Row } from '../lib/waterfall';
import { CodeBlock } from './copy';

const PARTS = [
  ['queue', 'waited for its turn'],
  ['user', 'the chainlet itself'],
  ['serialize', 'messages to bytes and back'],
  ['network', 'on the way'],
] as const;

export function SpanDetails({ row }: { row: Row }) {
  const facts: [string, string][] = [
    ['Called', row.chainlet === '' ? row.method : `${row.chainlet}.${row.method}`],
    ['Answered by', row.replica || '–'],
    ['Began after', us(row.start)],
    ['Took', us(row.duration)],
    ...PARTS.filter(([part]) => row.parts[part] > 0).map(([part, what]): [string, string] => [
      what,
      us(row.parts[part]),
    ]),
    ...(row.retries > 0 ? [['earlier attempts', us(row.retries)] as [string, string]] : []),
    ...(row.attempt > 1 ? [['Attempt', String(row.attempt)] as [string, string]] : []),
    ...(row.items > 0 ? [['Items of its stream', String(row.items)] as [string, string]] : []),
    ['Code', row.code],
  ];
  return (
    <div class="span-details">
      {row.message && <p class="span-message">{row.message}</p>}
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="mono">{value}</dd>
          </div>
        ))}
      </dl>
      {row.events.length > 0 && (
        <ol class="span-events small" aria-label="What happened">
          {row.events.map((event) => (
            <li key={`${event.at} ${event.name}`}>
              <span class="mono muted">{us(Math.max(0, event.at))}</span>{' '}
              <strong>{event.name}</strong> {event.detail}
            </li>
          ))}
        </ol>
      )}
      <Messages row={row} />
    </div>
  );
}

function Messages({ row }: { row: Row }) {
  const told = row.spans.find((span) => span.recorded);
  if (!told) return null;
  return (
    <div class="stack tight">
      {(['request', 'reply'] as const).map((which) => (
        <div key={which} class="stack tight">
          <h3>{which === 'request' ? 'Request' : 'Reply'}</h3>
          <CodeBlock text={messageText(told[which])} label={which} />
        </div>
      ))}
      {told.cut && <p class="small muted">There was more than may be recorded.</p>}
    </div>
  );
}
