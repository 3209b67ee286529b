// Which rows of a long list are to be drawn: those in sight, and some beyond. All are equally high.

export interface Window {
  first: number;
  end: number; // behind the last
  before: number; // pixels above the first
  height: number; // of all
}

export function windowOf(
  count: number,
  rowHeight: number,
  scrollTop: number,
  viewHeight: number,
  beyond = 10,
): Window {
  const rows = Math.ceil(viewHeight / rowHeight) + 1;
  // A list that became shorter is scrolled back by the browser, later.
  const top = Math.max(0, Math.min(Math.floor(scrollTop / rowHeight), count - rows));
  const first = Math.max(0, top - beyond);
  const end = Math.min(count, top + rows + beyond);
  return { first, end, before: first * rowHeight, height: count * rowHeight };
}

/** Whether somebody looks at the end, and wants to see what is added. */
export function isAtEnd(scrollTop: number, viewHeight: number, scrollHeight: number): boolean {
  return scrollHeight - scrollTop - viewHeight < 24;
}
