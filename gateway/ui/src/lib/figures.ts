// From rows of points (MeasureResponse) to what is shown: one figure for now, series for charts.
import type { EdgeSeries, MeasureResponse, Point } from '../api/gen/v1';

export interface Figures {
  rate: number;
  errors: number; // a second
  p50: number; // ms; below 0: of none
  p99: number;
  inFlight: number;
  queued: number;
}

/** What counts as now: long enough that labels do not flicker. */
export const NOW_SECONDS = 10;

export const NOTHING: Figures = { rate: 0, errors: 0, p50: -1, p99: -1, inFlight: 0, queued: 0 };

/** Over the last `seconds`: rates are means, latencies are weighed by how many calls they are of. */
export function latest(
  points: readonly Point[] | undefined,
  stepSeconds: number,
  seconds = NOW_SECONDS,
): Figures {
  const count = Math.max(1, Math.round(seconds / (stepSeconds || 1)));
  const last = (points ?? []).slice(-count);
  if (last.length === 0) return NOTHING;
  const mean = (of: (point: Point) => number) =>
    last.reduce((sum, point) => sum + of(point), 0) / last.length;
  const timed = (of: (point: Point) => number) => {
    const some = last.filter((point) => of(point) >= 0);
    const weight = (point: Point) => point.rate || 1e-9;
    const total = some.reduce((sum, point) => sum + weight(point), 0);
    return some.length > 0
      ? some.reduce((sum, point) => sum + of(point) * weight(point), 0) / total
      : -1;
  };
  const end = last.at(-1);
  return {
    rate: mean((point) => point.rate),
    errors: mean((point) => point.errors),
    p50: timed((point) => point.p50_ms),
    p99: timed((point) => point.p99_ms),
    inFlight: end?.in_flight ?? 0,
    queued: end?.queued ?? 0,
  };
}

export type Health = 'idle' | 'ok' | 'warn' | 'bad';

/** By the share of calls that fail: from 0.1 % it is worth a look, from 1 % it is bad. */
export function healthOf({ rate, errors }: Pick<Figures, 'rate' | 'errors'>): Health {
  if (!(rate > 0)) return 'idle';
  const share = errors / rate;
  return share >= 0.01 ? 'bad' : share >= 0.001 ? 'warn' : 'ok';
}

/** A line's width for a rate: grows by the same for each tenfold, from a hair to a rope. */
export function widthOf(rate: number): number {
  return rate > 0 ? Math.min(10, 1.5 + 1.7 * Math.log10(1 + rate)) : 1.25;
}

export function edgeId(edge: Pick<EdgeSeries, 'caller' | 'callee'>): string {
  return `${edge.caller}>${edge.callee}`;
}

/** The same edge may be there twice, within a process and between two: they are added up. */
export function mergeEdges(edges: readonly EdgeSeries[]): Map<string, EdgeSeries> {
  const merged = new Map<string, EdgeSeries>();
  for (const edge of edges) {
    const id = edgeId(edge);
    const before = merged.get(id);
    merged.set(id, before ? addUp(before, edge) : edge);
  }
  return merged;
}

function addUp(a: EdgeSeries, b: EdgeSeries): EdgeSeries {
  const points = a.points.map((p, i): Point => {
    const q = b.points[i];
    return q ? addPoints(p, q) : p;
  });
  return { ...a, remote: a.remote || b.remote, points };
}

function addPoints(p: Point, q: Point): Point {
  // Quantiles cannot be added; those of the larger part say most, and the higher p99 is never hidden.
  const main = p.rate >= q.rate ? p : q;
  return {
    rate: p.rate + q.rate,
    errors: p.errors + q.errors,
    p50_ms: main.p50_ms,
    p99_ms: Math.max(p.p99_ms, q.p99_ms),
    in_flight: p.in_flight + q.in_flight,
    queued: p.queued + q.queued,
    ready: p.ready,
    wanted: p.wanted,
  };
}

/** What came in from outside, of all callers of the entrypoint. */
export function incoming(measured: MeasureResponse | undefined): Point[] {
  if (!measured) return [];
  const rows = measured.edges.filter((edge) => edge.caller === '');
  const source = rows.length > 0 ? rows : measured.routes;
  const [first, ...rest] = source.map((row) => row.points);
  return (first ?? []).map((point, i) =>
    rest.reduce((sum, row) => (row[i] ? addPoints(sum, row[i]) : sum), point),
  );
}

/** Seconds since 1970 of each point, for the axis of a chart. */
export function times(measured: MeasureResponse, count: number): number[] {
  const end = Number(measured.unix_ms) / 1000;
  return Array.from({ length: count }, (_, i) => end - (count - 1 - i) * measured.step_seconds);
}

/** A gap in a chart where there is nothing to measure. */
export function orGap(value: number): number | null {
  return value >= 0 ? value : null;
}
