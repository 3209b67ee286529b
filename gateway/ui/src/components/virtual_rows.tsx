// A long list of which only what is in sight is drawn: log lines, traces. All rows are equally high, so
// that 20,000 of them cost what thirty cost. It scrolls by itself, is reached by keyboard, and says how
// many rows it has.
//
//   <VirtualRows label="Log lines" count={lines.length} rowHeight={24} row={(i) => <Line … />} />
import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { isAtEnd, windowOf } from '../lib/virtual_list';

export interface VirtualRowsProps {
  label: string;
  count: number;
  rowHeight: number;
  /** Rows have role="row" and know their number. */
  row: (index: number) => JSX.Element;
  head?: ComponentChildren;
  /** Stays at the end while rows are added, until somebody scrolls away from there. */
  follow?: boolean;
  onFollow?: (follow: boolean) => void;
  class?: string;
  /** Changes with the rows, where their count does not. */
  version?: unknown;
}

export function VirtualRows(props: VirtualRowsProps) {
  const { label, count, rowHeight, row, head, follow, onFollow } = props;
  const view = useRef<HTMLDivElement>(null);
  const [scroll, setScroll] = useState({ top: 0, height: 600 });
  const following = useRef(follow);
  following.current = follow;
  const shown = windowOf(count, rowHeight, scroll.top, scroll.height);

  const toEnd = () => {
    if (following.current && view.current) view.current.scrollTop = view.current.scrollHeight;
  };
  const read = () => {
    const box = view.current;
    if (!box) return;
    setScroll((before) =>
      before.top === box.scrollTop && before.height === box.clientHeight
        ? before
        : { top: box.scrollTop, height: box.clientHeight },
    );
  };

  useLayoutEffect(() => {
    const watcher = new ResizeObserver(() => {
      toEnd();
      read();
    });
    if (view.current) watcher.observe(view.current);
    return () => watcher.disconnect();
  }, []);

  useLayoutEffect(() => {
    toEnd();
    read();
  }, [count, follow, rowHeight, props.version]);

  const seen = useRef({ all: 0, view: 0 });
  const scrolled = () => {
    const box = view.current;
    if (!box) return;
    // A list or a window that changes its size is scrolled by the browser, and by nobody's wish.
    const isResized =
      seen.current.all !== box.scrollHeight || seen.current.view !== box.clientHeight;
    seen.current = { all: box.scrollHeight, view: box.clientHeight };
    read();
    if (onFollow && !isResized)
      onFollow(isAtEnd(box.scrollTop, box.clientHeight, box.scrollHeight));
    else toEnd();
  };

  const indices = Array.from({ length: shown.end - shown.first }, (_, i) => shown.first + i);
  return (
    <div
      class={`rows ${props.class ?? ''}`}
      role="table"
      aria-label={label}
      aria-rowcount={count + (head ? 1 : 0)}
    >
      {head && (
        <div class="rows-head" role="rowgroup">
          {head}
        </div>
      )}
      <div
        class="rows-view"
        role="rowgroup"
        ref={view}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
        tabIndex={0}
        onScroll={scrolled}
        aria-label={label}
      >
        <div class="rows-all" role="presentation" style={{ height: `${shown.height}px` }}>
          <div
            class="rows-some"
            role="presentation"
            style={{ transform: `translateY(${shown.before}px)` }}
          >
            {indices.map(row)}
          </div>
        </div>
      </div>
    </div>
  );
}
