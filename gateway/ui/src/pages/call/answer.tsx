// What came of a call: the answer or its items as they come, how long it took, and where the time went.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Badge } from '../../components/badge';
import { CodeBlock, CopyButton } from '../../components/copy';
import { Problem } from '../../components/say';
import { bytes, ms } from '../../lib/format';
import type { Json } from '../../lib/json';
import type { Method } from '../../lib/schema';
import { isAtEnd } from '../../lib/virtual_list';
import { href, link } from '../../router';
import type { ChainPageProps } from '../registry';
import { CallWaterfall } from './call_waterfall';
import type { Item, Outcome } from './run';

const SHOWN_ITEMS = 500;

export interface AnswerProps {
  outcome: Outcome;
  method: Method;
  target: ChainPageProps['target'];
}

export function Answer({ outcome, method, target }: AnswerProps) {
  const { state, error } = outcome;
  return (
    <>
      <div class="row apart">
        <div class="row" role="status">
          <StateOf outcome={outcome} />
          <span>
            <strong>{ms(outcome.ms)}</strong>
            {outcome.firstMs !== undefined && method.answersStream && (
              <span class="muted"> first item after {ms(outcome.firstMs)}</span>
            )}
          </span>
          {method.answersStream && (
            <span class="muted">
              {outcome.count} {outcome.count === 1 ? 'item' : 'items'}
            </span>
          )}
          {outcome.bytes > 0 && <span class="muted">{bytes(outcome.bytes)}</span>}
        </div>
        {outcome.requestId && (
          <a
            class="small"
            href={href(link('/chain', target.chain, target.name, 'logs'), {
              request: outcome.requestId,
            })}
          >
            Logs of this call
          </a>
        )}
      </div>
      {error && <Problem error={error} />}
      {method.answersStream ? (
        <Items outcome={outcome} />
      ) : (
        outcome.items[0] && <Value value={outcome.items[0].value} label="Answer" />
      )}
      {state !== 'running' && outcome.status > 0 && <CallWaterfall outcome={outcome} />}
    </>
  );
}

function StateOf({ outcome }: { outcome: Outcome }) {
  if (outcome.state === 'running') return <Badge tone="accent">running</Badge>;
  if (outcome.state === 'stopped') return <Badge tone="warn">stopped</Badge>;
  if (outcome.state === 'failed')
    return <Badge tone="bad">{outcome.error?.code ?? 'failed'}</Badge>;
  return <Badge tone="ok">{`${outcome.status} OK`}</Badge>;
}

/** A text as a text, anything else as JSON. */
function Value({ value, label }: { value: Json; label: string }) {
  const isText = typeof value === 'string';
  return isText ? (
    <div class="code-block answer-text">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <pre tabIndex={0} aria-label={label} role="region">
        {value === '' ? <span class="muted">(an empty text)</span> : value}
      </pre>
      <CopyButton text={value} />
    </div>
  ) : (
    <CodeBlock text={JSON.stringify(value, null, 2)} label={label} />
  );
}

function Items({ outcome }: { outcome: Outcome }) {
  const [asText, setAsText] = useState(true);
  const { items } = outcome;
  const isText = items.length > 0 && items.every((item) => typeof item.value === 'string');
  if (items.length === 0) {
    return (
      <p class="muted">
        {outcome.state === 'running' ? 'Waiting for the first item.' : 'No item came.'}
      </p>
    );
  }
  return (
    <div class="stack tight">
      {isText && (
        <div class="row segments" role="group" aria-label="How items are shown">
          <button
            type="button"
            class="segment"
            aria-pressed={asText}
            onClick={() => setAsText(true)}
          >
            Text
          </button>
          <button
            type="button"
            class="segment"
            aria-pressed={!asText}
            onClick={() => setAsText(false)}
          >
            Items
          </button>
        </div>
      )}
      {isText && asText ? (
        <Value value={items.map((item) => item.value).join('')} label="Text of all items" />
      ) : (
        <ItemRows items={items} count={outcome.count} />
      )}
    </div>
  );
}

function ItemRows({ items, count }: { items: readonly Item[]; count: number }) {
  const view = useRef<HTMLOListElement>(null);
  const follow = useRef(true);
  const shown = items.slice(-SHOWN_ITEMS);
  useEffect(() => {
    if (follow.current && view.current) view.current.scrollTop = view.current.scrollHeight;
  }, [count]);
  return (
    <>
      {count > shown.length && (
        <p class="small muted">
          The last {shown.length} of {count}
        </p>
      )}
      <ol
        class="items"
        ref={view}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        tabIndex={0}
        aria-label="Items"
        onScroll={(event) => {
          const box = event.currentTarget;
          follow.current = isAtEnd(box.scrollTop, box.clientHeight, box.scrollHeight);
        }}
      >
        {shown.map((item, i) => (
          <li key={count - shown.length + i}>
            <span class="muted small number">{ms(item.ms)}</span>
            <code>{JSON.stringify(item.value)}</code>
          </li>
        ))}
      </ol>
    </>
  );
}
