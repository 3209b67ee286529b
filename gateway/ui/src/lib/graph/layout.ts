// Where the boxes and lines of a graph go. A layout of our own, in some hundred lines, rather than
// dagre's: chains are small graphs without circles, ours is a tenth of its size, gives the same
// picture for the same chain every time, and lays 50 chainlets out in about a millisecond.
//
//   const { nodes, edges, width, height } = layout(['A', 'B'], [{ from: 'A', to: 'B' }], 'right');
import { ordered } from './order';
import { backLinks, type Link, ranks } from './rank';
import { spread } from './spread';

export type Direction = 'right' | 'down';

export interface Box {
  id: string;
  x: number; // of its upper left corner
  y: number;
}
export interface Line extends Link {
  path: string; // for <path d>
  /** The middle of what is written on it. */
  label: { x: number; y: number };
}
export interface Layout {
  nodes: Box[];
  edges: Line[];
  width: number;
  height: number;
}

export const BOX = { width: 176, height: 58 };
export const LABEL = { width: 136, height: 30 };
const MARGIN = 12;
const GAP = {
  right: { layer: 142, box: 22, line: 20 },
  down: { layer: 74, box: 20, line: 60 },
};
const ROUNDS = 12;

/** A box, or a place where a line passes through a layer. */
interface Cell {
  node?: string;
  layer: number;
}

export function layout(
  nodes: readonly string[],
  links: readonly Link[],
  direction: Direction,
): Layout {
  const known = new Set(nodes);
  const real = links.filter(({ from, to }) => known.has(from) && known.has(to) && from !== to);
  const back = backLinks(nodes, real);
  const forward = real.map(({ from, to }, i) =>
    back.has(i) ? { from: to, to: from } : { from, to },
  );
  const { cells, chains } = cellsOf(nodes, forward);
  const { up, down } = neighbours(cells.length, chains);
  const layers = ordered({ layers: byLayer(cells), up, down });
  const across = places(cells, layers, up, down, direction);
  return draw({ cells, chains, layers, across, real, back, direction });
}

/** Each link's way: its ends, and a cell in each layer between. */
function cellsOf(nodes: readonly string[], links: readonly Link[]) {
  const rank = ranks(nodes, links);
  const cells: Cell[] = nodes.map((node) => ({ node, layer: rank.get(node) ?? 0 }));
  const index = new Map(nodes.map((node, i) => [node, i]));
  const chains = links.map(({ from, to }) => {
    const [a = 0, b = 0] = [index.get(from), index.get(to)];
    const way = [a];
    for (let layer = (cells[a]?.layer ?? 0) + 1; layer < (cells[b]?.layer ?? 0); layer++) {
      way.push(cells.push({ layer }) - 1);
    }
    return [...way, b];
  });
  return { cells, chains };
}

function neighbours(count: number, chains: readonly number[][]) {
  const up: number[][] = Array.from({ length: count }, () => []);
  const down: number[][] = Array.from({ length: count }, () => []);
  for (const way of chains) {
    for (const [i, cell] of way.entries()) {
      const next = way[i + 1];
      if (next === undefined) continue;
      down[cell]?.push(next);
      up[next]?.push(cell);
    }
  }
  return { up, down };
}

function byLayer(cells: readonly Cell[]): number[][] {
  const layers: number[][] = [];
  for (const [i, { layer }] of cells.entries()) {
    layers[layer] ??= [];
    layers[layer]?.push(i);
  }
  return layers;
}

/** The middle of each cell across the layers: near its neighbours, apart from the others. */
function places(
  cells: readonly Cell[],
  layers: readonly number[][],
  up: number[][],
  down: number[][],
  direction: Direction,
): number[] {
  const size = direction === 'right' ? BOX.height : BOX.width;
  const gap = GAP[direction];
  const extent = (cell: number) => (cells[cell]?.node === undefined ? gap.line - gap.box : size);
  const at: number[] = Array.from({ length: cells.length }, () => 0);
  const settle = (layer: readonly number[], wish: (cell: number) => number) => {
    const apart = layer
      .slice(1)
      .map((cell, i) => (extent(layer[i] ?? 0) + extent(cell)) / 2 + gap.box);
    for (const [i, to] of spread(layer.map(wish), apart).entries()) at[layer[i] ?? 0] = to;
  };
  const mean = (of: readonly number[], otherwise: number) =>
    of.length > 0 ? of.reduce((sum, cell) => sum + (at[cell] ?? 0), 0) / of.length : otherwise;

  for (const layer of layers) settle(layer, () => 0);
  for (let round = 0; round < ROUNDS; round++) {
    const forth = round % 2 === 0;
    for (const layer of forth ? layers : [...layers].reverse()) {
      settle(layer, (cell) => mean((forth ? up : down)[cell] ?? [], at[cell] ?? 0));
    }
  }
  for (const layer of layers) {
    settle(layer, (cell) => mean([...(up[cell] ?? []), ...(down[cell] ?? [])], at[cell] ?? 0));
  }
  const first = Math.min(...at.map((middle, cell) => middle - extent(cell) / 2));
  return at.map((middle) => middle - first + MARGIN);
}

interface Drawing {
  cells: readonly Cell[];
  chains: readonly number[][];
  layers: readonly number[][];
  across: readonly number[];
  real: readonly Link[];
  back: ReadonlySet<number>;
  direction: Direction;
}

function draw({ cells, chains, layers, across, real, back, direction }: Drawing): Layout {
  const right = direction === 'right';
  const along = right ? BOX.width : BOX.height;
  const step = along + GAP[direction].layer;
  const start = (cell: number) => MARGIN + (cells[cell]?.layer ?? 0) * step;
  const middle = (cell: number) => across[cell] ?? 0;
  // Points are (along the layers, across them) until here.
  const point = (a: number, b: number) => (right ? { x: a, y: b } : { x: b, y: a });
  const text = (a: number, b: number) => {
    const { x, y } = point(a, b);
    return `${round(x)} ${round(y)}`;
  };

  const nodes = cells.flatMap(({ node }, i): Box[] => {
    if (node === undefined) return [];
    const size = right ? BOX.height : BOX.width;
    return [{ id: node, ...point(start(i), middle(i) - size / 2) }];
  });

  const edges = chains.map((way, i): Line => {
    const parts: string[] = [];
    let [a, b] = [start(way[0] ?? 0) + along, middle(way[0] ?? 0)];
    let label = { x: 0, y: 0 };
    for (const [k, cell] of way.slice(1).entries()) {
      const isEnd = k === way.length - 2;
      const [toA, toB] = [start(cell), middle(cell)];
      const bend = a + (toA - a) / 2;
      parts.push(`C${text(bend, b)} ${text(bend, toB)} ${text(toA, toB)}`);
      if (isEnd) label = point(a + (toA - a) * 0.5, b + (toB - b) * 0.5);
      if (!isEnd) parts.push(`L${text(toA + along, toB)}`);
      [a, b] = [isEnd ? toA : toA + along, toB];
    }
    const from = way[0] ?? 0;
    const path = `M${text(start(from) + along, middle(from))}${parts.join('')}`;
    const link = real[i] as Link;
    return { ...link, path: back.has(i) ? reversed(path) : path, label };
  });
  keepApart(edges, right);

  const long = MARGIN * 2 + layers.length * step - GAP[direction].layer;
  const sizes = cells.map(
    ({ node }, i) => middle(i) + (node === undefined ? 0 : (right ? BOX.height : BOX.width) / 2),
  );
  const { x, y } = point(long, Math.max(0, ...sizes) + MARGIN);
  return { nodes, edges, width: round(x), height: round(y) };
}

/** Labels in the same gap do not lie on each other. */
function keepApart(edges: Line[], right: boolean): void {
  const [gap, along, size] = right
    ? (['x', 'y', LABEL.height] as const)
    : (['y', 'x', LABEL.width] as const);
  const columns = new Map<number, Line[]>();
  for (const edge of edges) {
    const column = Math.round(edge.label[gap]);
    columns.set(column, [...(columns.get(column) ?? []), edge]);
  }
  for (const column of columns.values()) {
    column.sort((a, b) => a.label[along] - b.label[along]);
    const wishes = column.map((edge) => edge.label[along]);
    const to = spread(
      wishes,
      column.slice(1).map(() => size),
    );
    for (const [i, edge] of column.entries()) edge.label[along] = round(to[i] ?? 0);
  }
}

/** The same curve from its other end, for the arrow to be at the right one. */
function reversed(path: string): string {
  const points = [...path.matchAll(/([MCL])([^MCL]+)/g)].flatMap(([, mark = '', rest = '']) => {
    const numbers = rest.trim().split(' ').map(Number);
    const pairs = Array.from({ length: numbers.length / 2 }, (_, i) =>
      numbers.slice(i * 2, i * 2 + 2).join(' '),
    );
    return [{ mark, pairs }];
  });
  const last = points.at(-1)?.pairs.at(-1) ?? '0 0';
  const out = [`M${last}`];
  for (let i = points.length - 1; i > 0; i--) {
    const end = points[i - 1]?.pairs.at(-1) ?? '0 0';
    const { mark = 'L', pairs = [] } = points[i] ?? {};
    out.push(mark === 'C' ? `C${pairs[1]} ${pairs[0]} ${end}` : `L${end}`);
  }
  return out.join('');
}

function round(x: number): number {
  return Math.round(x * 10) / 10;
}
