import { describe, expect, it } from 'vitest';
import { SHAPES } from '../fake/world';
import { BOX, layout } from '../src/lib/graph/layout';
import { crossings, ordered } from '../src/lib/graph/order';
import { backLinks, ranks } from '../src/lib/graph/rank';
import { spread } from '../src/lib/graph/spread';

const link = (text: string) => {
  const [from = '', to = ''] = text.split('>');
  return { from, to };
};
const links = (...texts: string[]) => texts.map(link);

describe('spread', () => {
  it('leaves alone what is far enough apart', () => {
    expect(spread([0, 10, 30], [5, 5])).toEqual([0, 10, 30]);
  });
  it('moves what is too near as little as it can, and keeps the order', () => {
    expect(spread([0, 0], [10])).toEqual([-5, 5]);
    expect(spread([5, 0, 100], [2, 2])).toEqual([1.5, 3.5, 100]);
    expect(spread([], [])).toEqual([]);
  });
});

describe('ranks', () => {
  it('put a callee behind its last caller', () => {
    const rank = ranks(['a', 'b', 'c', 'd'], links('a>b', 'b>c', 'a>c', 'c>d'));
    expect([...rank.values()]).toEqual([0, 1, 2, 3]);
  });
  it('find what leads back', () => {
    expect(backLinks(['a', 'b', 'c'], links('a>b', 'b>c', 'c>a'))).toEqual(new Set([2]));
    expect(backLinks(['a', 'b'], links('a>b')).size).toBe(0);
  });
});

describe('order', () => {
  it('untangles what need not cross', () => {
    // 0 → 3, 1 → 2: as listed they cross.
    const of = {
      layers: [
        [0, 1],
        [2, 3],
      ],
      up: [[], [], [1], [0]],
      down: [[3], [2], [], []],
    };
    expect(crossings(of.layers, of.down)).toBe(1);
    expect(crossings(ordered(of), of.down)).toBe(0);
  });
});

describe('layout', () => {
  it('draws no box on another, and every line from box to box, in both directions', () => {
    for (const shape of SHAPES) {
      for (const direction of ['right', 'down'] as const) {
        const all = shape.edges.map(([a, b]) => ({
          from: shape.chainlets[a] ?? '',
          to: shape.chainlets[b] ?? '',
        }));
        const { nodes, edges, width, height } = layout(shape.chainlets, all, direction);
        expect(nodes.length).toBe(shape.chainlets.length);
        expect(edges.length).toBe(all.length);
        const outside = nodes.filter(
          ({ x, y }) => x < 0 || y < 0 || x + BOX.width > width || y + BOX.height > height,
        );
        expect(outside).toEqual([]);
        const touching = nodes.flatMap((a, i) =>
          nodes
            .slice(i + 1)
            .filter((b) => Math.abs(a.x - b.x) < BOX.width && Math.abs(a.y - b.y) < BOX.height)
            .map((b) => `${a.id} ${b.id}`),
        );
        expect(touching).toEqual([]);
        expect(edges.filter(({ path }) => !/^M[\d. -]+C/.test(path))).toEqual([]);
      }
    }
  });
  it('goes to the right, or down', () => {
    const [a, b] = layout(['a', 'b'], links('a>b'), 'right').nodes;
    expect(b?.x).toBeGreaterThan(a?.x ?? 0);
    expect(b?.y).toBe(a?.y);
    const [c, d] = layout(['a', 'b'], links('a>b'), 'down').nodes;
    expect(d?.y).toBeGreaterThan(c?.y ?? 0);
    expect(d?.x).toBe(c?.x);
  });
  it('draws a circle, with an arrow against the stream', () => {
    const { edges, nodes } = layout(['a', 'b'], links('a>b', 'b>a'), 'right');
    expect(nodes.length).toBe(2);
    const start = Number(/^M([\d.]+)/.exec(edges[1]?.path ?? '')?.[1]);
    expect(start).toBe(nodes[1]?.x);
  });
  it('leaves out what belongs to nobody, and itself', () => {
    expect(layout(['a'], links('a>a', 'a>x'), 'right').edges).toEqual([]);
    expect(layout([], [], 'right')).toMatchObject({ nodes: [], edges: [] });
  });
  it('is the same every time', () => {
    const shape = SHAPES[3];
    const all = (shape?.edges ?? []).map(([a, b]) => ({
      from: `wide.Step${a}`,
      to: `wide.Step${b}`,
    }));
    const one = layout(shape?.chainlets ?? [], all, 'right');
    expect(layout(shape?.chainlets ?? [], all, 'right')).toEqual(one);
  });
});
