// A trace or a receipt, drawn: a row for each call, its bar where and as long as it was. What the whole
// waited for is full (the critical path), the rest is pale; what failed is red and says so.
import { useMemo, useState } from 'preact/hooks';
import { us } from '../lib/format';
import {
  criticalOf,
  type Row,
  rowsOf,
  type Stretch,
  ticksOf,
  type Waterfall,
} from '../lib/waterfall';
import { Icon } from './icon';
import { SpanDetails } from './span_details';
import './waterfall.css';

export function WaterfallView({ waterfall, label }: { waterfall: Waterfall; label: string }) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setChosen] = useState<string>();
  const rows = useMemo(() => rowsOf(waterfall, closed), [waterfall, closed]);
  const ticks = ticksOf(waterfall.duration, 5);
  const percent = (at: number) => `${(100 * at) / Math.max(1, waterfall.duration)}%`;

  const toggle = (id: string) => {
    const next = new Set(closed);
    if (!next.delete(id)) next.add(id);
    setClosed(next);
  };

  return (
    <figure class="waterfall" aria-label={label}>
      <figcaption class="waterfall-legend small muted">
        <span class="legend">
          <span class="key full" aria-hidden="true" /> the whole waited for it
        </span>
        <span class="legend">
          <span class="key pale" aria-hidden="true" /> beside something longer
        </span>
        {waterfall.leftOut > 0 && <span>{waterfall.leftOut} shorter calls are left out</span>}
      </figcaption>
      <div class="waterfall-axis small muted" aria-hidden="true">
        <span />
        <div>
          {ticks.map((tick) => (
            <span key={tick} style={{ left: percent(tick) }}>
              {tick === 0 ? '0' : us(tick)}
            </span>
          ))}
        </div>
      </div>
      <ol class="waterfall-rows">
        {rows.map((row) => (
          <li key={row.id} class={row.id === chosen ? 'chosen' : ''}>
            <div class={row.code === 'OK' ? 'waterfall-row' : 'waterfall-row failed'}>
              <Name
                row={row}
                isClosed={closed.has(row.id)}
                isChosen={row.id === chosen}
                toggle={() => toggle(row.id)}
                choose={() => setChosen(row.id === chosen ? undefined : row.id)}
              />
              {/* biome-ignore lint/a11y/useKeyWithClickEvents: the name beside it is the button */}
              {/* biome-ignore lint/a11y/noStaticElementInteractions: the name beside it is the button */}
              <div
                class="waterfall-lane"
                onClick={() => setChosen(row.id === chosen ? undefined : row.id)}
              >
                {ticks.slice(1).map((tick) => (
                  <i key={tick} class="grid" style={{ left: percent(tick) }} />
                ))}
                <Bar row={row} percent={percent} whole={waterfall.duration} />
              </div>
            </div>
            {row.id === chosen && <SpanDetails row={row} />}
          </li>
        ))}
      </ol>
    </figure>
  );
}

function Name(props: {
  row: Row;
  isClosed: boolean;
  isChosen: boolean;
  toggle: () => void;
  choose: () => void;
}) {
  const { row, isClosed } = props;
  const name = nameOf(row);
  return (
    <div class="waterfall-name" style={{ paddingInlineStart: `${Math.min(row.depth, 12) * 14}px` }}>
      {row.children.length > 0 ? (
        <button type="button" class="twisty" aria-expanded={!isClosed} onClick={props.toggle}>
          <Icon name={isClosed ? 'right' : 'down'} size={12} />
          <span class="only-read">Calls of {name}</span>
        </button>
      ) : (
        <span class="twisty" />
      )}
      <button
        type="button"
        class="waterfall-choose"
        aria-expanded={props.isChosen}
        onClick={props.choose}
      >
        {row.code !== 'OK' && <Icon name="warning" size={12} />}
        <strong>{name}</strong>
        <span class="muted ellipsis">
          {row.chainlet === '' ? row.method : row.method.replace('RunRemote', '')}
        </span>
        <span class="only-read">
          {us(row.duration)}, {us(criticalOf(row))} of it on the critical path
          {row.code !== 'OK' && `, ${row.code}`}
        </span>
      </button>
    </div>
  );
}

/** "HelloAll" of "hello.HelloAll". */
export function nameOf(row: { chainlet: string }): string {
  return row.chainlet === '' ? 'Gateway' : row.chainlet.replace(/^.*\./, '');
}

function Bar({
  row,
  percent,
  whole,
}: {
  row: Row;
  percent: (at: number) => string;
  whole: number;
}) {
  const box = ({ begin, end }: Stretch) => ({ left: percent(begin), width: percent(end - begin) });
  const all = { begin: row.start, end: row.start + row.duration };
  const isLate = row.start > whole * 0.7;
  return (
    <>
      <i class="bar" style={box(all)} />
      {row.inner && <i class="bar inner" style={box(row.inner)} />}
      {row.critical.map((stretch) => (
        <i key={stretch.begin} class="bar full" style={box(stretch)} />
      ))}
      {row.events.map((event) => (
        <i
          key={`${event.at} ${event.name}`}
          class="event"
          title={event.name}
          style={{ left: percent(event.at) }}
        />
      ))}
      <span
        class={isLate ? 'bar-time before' : 'bar-time'}
        style={isLate ? { right: percent(whole - all.begin) } : { left: percent(all.end) }}
      >
        {us(row.duration)}
      </span>
    </>
  );
}
