// A trace, or a receipt, as rows of a waterfall: one row a call, with the part of it that the callee
// saw, and where the time of the whole went (the critical path).
//
//     const tree = fromSpans(trace.spans);
//     for (const row of rowsOf(tree)) draw(row.start, row.duration, row.critical);

import type { Span, SpanEvent } from '../api/gen/v1';

export interface Stretch {
  begin: number;
  end: number;
}

/** Where the time of a call went, in microseconds. */
export interface Parts {
  queue: number;
  user: number;
  serialize: number;
  network: number;
}

export interface Row {
  id: string;
  depth: number;
  chainlet: string; // full name; of a gateway's row empty
  method: string;
  replica: string;
  start: number; // microseconds after the trace's start
  duration: number;
  inner: Stretch | undefined; // the callee's part, where it was another process
  code: string; // "OK"
  message: string;
  attempt: number;
  items: number;
  retries: number; // microseconds of attempts before the last one
  parts: Parts;
  events: { at: number; name: string; detail: string }[];
  critical: Stretch[]; // while the whole waited for this row, and for none below it
  children: Row[];
  spans: Span[]; // it was made of: the caller's first
}

export interface Waterfall {
  roots: Row[];
  duration: number;
  startUnixUs: number;
  leftOut: number; // calls that are not there
}

export const CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

export function codeName(code: number | string): string {
  if (typeof code === 'string' && !/^\d+$/.test(code)) return code;
  return CODES[Number(code)] ?? `CODE_${code}`;
}

const number = (text: string | number | undefined) => Number(text ?? 0) || 0;

/** Of a call to another process its caller and its callee both tell: they are one row. */
export function fromSpans(spans: readonly Span[]): Waterfall {
  const startUnixUs = Math.min(
    ...spans.map((span) => number(span.start_unix_us)),
    Number.POSITIVE_INFINITY,
  );
  const origin = Number.isFinite(startUnixUs) ? startUnixUs : 0;
  const below = new Map<string, Span[]>();
  const ids = new Set(spans.map((span) => span.span_id));
  for (const span of spans) {
    const parent =
      ids.has(span.parent_span_id) && span.parent_span_id !== span.span_id
        ? span.parent_span_id
        : '';
    below.set(parent, [...(below.get(parent) ?? []), span]);
  }
  const seen = new Set<string>();
  const make = (span: Span, shift: number, depth: number): Row => {
    seen.add(span.span_id);
    const under = (below.get(span.span_id) ?? []).filter((each) => !seen.has(each.span_id));
    const callee =
      span.kind === 'CLIENT' && under.length === 1 && under[0]?.kind === 'SERVER'
        ? under[0]
        : undefined;
    const row = rowOf(span, callee, origin, shift, depth);
    const last = callee ?? span;
    const inside = callee ? [...(below.get(callee.span_id) ?? [])] : under;
    if (callee) seen.add(callee.span_id);
    const offset = row.inner ? row.inner.begin - (number(last.start_unix_us) - origin) : shift;
    row.children = inside
      .filter((each) => !seen.has(each.span_id))
      .map((each) => make(each, offset, depth + 1))
      .sort((a, b) => a.start - b.start);
    return row;
  };
  const roots = (below.get('') ?? [])
    .map((span) => make(span, 0, 0))
    .sort((a, b) => a.start - b.start);
  return finish(roots, origin, 0);
}

function rowOf(
  span: Span,
  callee: Span | undefined,
  origin: number,
  shift: number,
  depth: number,
): Row {
  const start = number(span.start_unix_us) - origin + shift;
  const duration = number(span.duration_us);
  const told = callee ?? span;
  const failed = span.code !== 0 ? span : told;
  const sum = (part: (span: Span) => string) =>
    number(part(span)) + (callee ? number(part(callee)) : 0);
  return {
    id: span.span_id,
    depth,
    chainlet: told.chainlet,
    method: told.method,
    replica: told.replica || span.replica,
    start,
    duration,
    inner:
      callee &&
      inside(
        start,
        duration,
        number(callee.start_unix_us) - origin + shift,
        number(callee.duration_us),
      ),
    code: codeName(failed.code),
    message: failed.message || told.message,
    attempt: Math.max(span.attempt, callee?.attempt ?? 0),
    items: Math.max(number(span.items), number(callee?.items)),
    retries: 0,
    parts: {
      queue: sum((each) => each.queue_us),
      user: sum((each) => each.user_us),
      serialize: sum((each) => each.serialize_us),
      network: number(span.network_us),
    },
    events: [span, ...(callee ? [callee] : [])].flatMap((each) =>
      each.events.map((event) => eventOf(event, origin, shift)),
    ),
    critical: [],
    children: [],
    spans: callee ? [span, callee] : [span],
  };
}

function eventOf(event: SpanEvent, origin: number, shift: number) {
  return { at: number(event.unix_us) - origin + shift, name: event.name, detail: event.detail };
}

// Clocks of two machines differ. What the callee says that it did lies within what its caller saw:
// where it seems not to, it is put in the middle (as Jaeger's clock skew adjuster does).
function inside(start: number, duration: number, begin: number, length: number): Stretch {
  const fits = begin >= start && begin + length <= start + duration;
  const placed = fits ? begin : start + Math.max(0, (duration - length) / 2);
  return { begin: placed, end: Math.min(placed + length, start + duration) };
}

/** As the gateway writes one into the header Chains-Receipt. */
export interface ReceiptCall {
  chainlet: string;
  method: string;
  replica?: string;
  attempt?: number;
  code?: string;
  start_us?: number;
  elapsed_us?: number;
  retries_us?: number;
  total_us?: number;
  queue_us?: number;
  user_us?: number;
  serialize_us?: number;
  network_us?: number;
  items?: number;
  callee?: string;
  calls?: ReceiptCall[];
  calls_left_out?: number;
}
export interface Receipt {
  call?: ReceiptCall;
  calls_left_out?: number;
}

export function fromReceipt(receipt: Receipt): Waterfall {
  let count = 0;
  let leftOut = receipt.calls_left_out ?? 0;
  const make = (call: ReceiptCall, from: number, depth: number): Row => {
    leftOut += call.calls_left_out ?? 0;
    const start = from + (call.start_us ?? 0);
    const network = call.network_us ?? 0;
    const begin = start + (call.retries_us ?? 0) + network / 2;
    const end = Math.min(begin + (call.total_us ?? 0), start + (call.elapsed_us ?? 0));
    return {
      id: String(++count),
      depth,
      chainlet: call.chainlet,
      method: call.method,
      replica: call.replica ?? '',
      start,
      duration: call.elapsed_us ?? 0,
      inner: network > 0 && end > begin ? { begin, end } : undefined,
      code: codeName(call.code ?? 'OK'),
      message:
        call.callee === undefined || call.callee === 'known' ? '' : `its callee was ${call.callee}`,
      attempt: call.attempt ?? 1,
      items: call.items ?? 0,
      retries: call.retries_us ?? 0,
      parts: {
        queue: call.queue_us ?? 0,
        user: call.user_us ?? 0,
        serialize: call.serialize_us ?? 0,
        network,
      },
      events: [],
      critical: [],
      children: (call.calls ?? []).map((each) => make(each, start, depth + 1)),
      spans: [],
    };
  };
  const roots = receipt.call ? [make({ ...receipt.call, start_us: 0 }, 0, 0)] : [];
  return finish(roots, 0, leftOut);
}

function finish(roots: Row[], startUnixUs: number, leftOut: number): Waterfall {
  for (const root of roots) mark(root, root.start + root.duration);
  const ends = roots.map((row) => row.start + row.duration);
  return { roots, duration: Math.max(0, ...ends), startUnixUs, leftOut };
}

// From the end backwards: what the row waited for last is what ended last before then.
function mark(row: Row, until: number): void {
  let left = Math.min(until, row.start + row.duration);
  const byEnd = [...row.children].sort((a, b) => b.start + b.duration - (a.start + a.duration));
  for (const child of byEnd) {
    const end = Math.min(child.start + child.duration, row.start + row.duration);
    if (end > left || child.start >= left || end <= row.start) continue;
    if (left > end) row.critical.unshift({ begin: end, end: left });
    mark(child, end);
    left = Math.max(row.start, child.start);
  }
  if (left > row.start) row.critical.unshift({ begin: row.start, end: left });
}

/** All rows, parents before their children, without what lies below those in `closed`. */
export function rowsOf(waterfall: Waterfall, closed: ReadonlySet<string> = new Set()): Row[] {
  const found: Row[] = [];
  const add = (row: Row) => {
    found.push(row);
    if (!closed.has(row.id)) row.children.forEach(add);
  };
  waterfall.roots.forEach(add);
  return found;
}

export function criticalOf(row: Row): number {
  return row.critical.reduce((sum, stretch) => sum + stretch.end - stretch.begin, 0);
}

/** Who the whole waited for, longest first: of each chainlet how long. */
export function whoTookIt(waterfall: Waterfall): { chainlet: string; us: number }[] {
  const sums = new Map<string, number>();
  for (const row of rowsOf(waterfall)) {
    const us = criticalOf(row);
    if (us > 0) sums.set(row.chainlet, (sums.get(row.chainlet) ?? 0) + us);
  }
  return [...sums].map(([chainlet, us]) => ({ chainlet, us })).sort((a, b) => b.us - a.us);
}

/** Round numbers from 0 on, at most `most` of them. */
export function ticksOf(duration: number, most = 6): number[] {
  if (!(duration > 0)) return [0];
  const rough = duration / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.floor(duration / step) + 1 }, (_, i) => i * step);
}
