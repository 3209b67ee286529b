// A graph of boxes and lines in SVG. Where they are is reckoned once for a topology; figures change
// text, widths and classes alone.
//
// Lines tell their health twice: by colour and by pattern (whole, long dashes, short dashes, dots).
// Boxes are links, reached with Tab and the arrow keys; what the lines say is also in a table beside.
import type { JSX } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import type { Health } from '../lib/figures';
import { BOX, type Direction, type Layout, layout } from '../lib/graph/layout';
import '../styles/graph.css';
import type { Tone } from './badge';

export interface GraphNode {
  id: string;
  name: string;
  tone: Tone;
  /** Below the name: "2 of 2 ready". */
  lines: [string, string];
  href: string;
  /** What a screen reader says of it. */
  said: string;
}
export interface GraphEdge {
  from: string;
  to: string;
  width: number;
  health: Health;
  /** "24/s" and "p50 2 ms · p99 8 ms". */
  lines: [string, string];
  href: string;
}

export interface GraphProps {
  label: string;
  nodes: GraphNode[];
  edges: GraphEdge[];
  /** By useLayout of the same. */
  placed: Layout;
  scale: number;
  /** A node's id, or "from>to". */
  chosen: string;
}

/** The layout of a topology, the same object until it is another one. */
export function useLayout(
  nodes: readonly { id: string }[],
  edges: readonly { from: string; to: string }[],
  direction: Direction,
): Layout {
  const key = JSON.stringify([
    nodes.map((node) => node.id),
    edges.map(({ from, to }) => [from, to]),
  ]);
  return useMemo(
    () =>
      layout(
        nodes.map((node) => node.id),
        edges.map(({ from, to }) => ({ from, to })),
        direction,
      ),
    [key, direction],
  );
}

export function Graph({ label, nodes, edges, placed, scale, chosen }: GraphProps) {
  const figures = new Map(edges.map((edge) => [`${edge.from}>${edge.to}`, edge]));
  const named = new Map(nodes.map((node) => [node.id, node]));
  const svg = useRef<SVGSVGElement>(null);
  const focused = chosen && named.has(chosen) ? chosen : nodes[0]?.id;

  const move = (event: JSX.TargetedKeyboardEvent<SVGSVGElement>) => {
    const from = (event.target as Element).getAttribute('data-node');
    const to = from && neighbour(placed, from, event.key);
    if (!to) return;
    event.preventDefault();
    svg.current?.querySelector<SVGElement>(`[data-node="${CSS.escape(to)}"]`)?.focus();
  };

  return (
    <svg
      ref={svg}
      class="graph"
      role="group"
      aria-label={label}
      width={placed.width * scale}
      height={placed.height * scale}
      viewBox={`0 0 ${placed.width} ${placed.height}`}
      onKeyDown={move}
    >
      <defs>
        {(['idle', 'ok', 'warn', 'bad'] as const).map((health) => (
          <marker
            key={health}
            id={`arrow-${health}`}
            class={`arrow ${health}`}
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="9"
            markerHeight="9"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0 .5 7.500 4 0 7.500z" />
          </marker>
        ))}
      </defs>
      {placed.edges.map((line) => {
        const id = `${line.from}>${line.to}`;
        const edge = figures.get(id);
        return (
          edge && (
            <EdgeLine
              key={id}
              edge={edge}
              path={line.path}
              label={line.label}
              chosen={id === chosen}
            />
          )
        );
      })}
      {placed.nodes.map((box) => {
        const node = named.get(box.id);
        return (
          node && (
            <NodeBox
              key={box.id}
              node={node}
              x={box.x}
              y={box.y}
              chosen={box.id !== '' && box.id === chosen}
              focusable={box.id === focused}
            />
          )
        );
      })}
    </svg>
  );
}

function EdgeLine(props: {
  edge: GraphEdge;
  path: string;
  label: { x: number; y: number };
  chosen: boolean;
}) {
  const { edge, path, label, chosen } = props;
  // Hidden from screen readers: the table beside the picture has the same links, in order.
  return (
    <a
      class={`edge ${edge.health}${chosen ? ' chosen' : ''}`}
      href={edge.href}
      tabindex={-1}
      aria-hidden="true"
    >
      <path class="edge-hit" d={path} />
      <path
        class="edge-line"
        d={path}
        stroke-width={edge.width}
        marker-end={`url(#arrow-${edge.health})`}
      />
      <g transform={`translate(${label.x} ${label.y})`}>
        <text class="edge-rate" y={edge.lines[1] ? -3 : 4}>
          {edge.health === 'bad' ? `▲ ${edge.lines[0]}` : edge.lines[0]}
        </text>
        <text class="edge-more" y="11">
          {edge.lines[1]}
        </text>
      </g>
    </a>
  );
}

function NodeBox(props: {
  node: GraphNode;
  x: number;
  y: number;
  chosen: boolean;
  focusable: boolean;
}) {
  const { node, x, y, chosen, focusable } = props;
  return (
    <a
      class={`node ${node.tone}${chosen ? ' chosen' : ''}`}
      href={node.href}
      data-node={node.id}
      tabindex={focusable ? 0 : -1}
      aria-label={node.said}
    >
      <title>{node.id}</title>
      <g transform={`translate(${x} ${y})`}>
        <rect class="node-box" width={BOX.width} height={BOX.height} rx="8" />
        <NodeMark tone={node.tone} />
        <text class="node-name" x="28" y="23">
          {shortened(node.name, 19)}
        </text>
        <text class="node-line" x="12" y="44">
          {node.lines[0]}
        </text>
        <text class="node-line end" x={BOX.width - 12} y="44">
          {node.lines[1]}
        </text>
      </g>
    </a>
  );
}

/** The shapes of Dot, in the graph's own drawing. */
function NodeMark({ tone }: { tone: Tone }) {
  if (tone === 'bad') return <rect class="mark" x="12" y="14" width="9" height="9" rx="1" />;
  if (tone === 'warn') return <path class="mark" d="M16.5 13.500 21.500 23h-10z" />;
  return (
    <circle
      class={tone === 'quiet' ? 'mark ring' : 'mark'}
      cx="16.5"
      cy="18.500"
      r={tone === 'quiet' ? 3.5 : 4.5}
    />
  );
}

function shortened(text: string, letters: number): string {
  return text.length > letters ? `${text.slice(0, letters - 1)}…` : text;
}

/** The nearest box in the direction of an arrow key. */
export function neighbour(placed: Layout, from: string, key: string): string | undefined {
  const toward: Record<string, [number, number]> = {
    ArrowRight: [1, 0],
    ArrowLeft: [-1, 0],
    ArrowDown: [0, 1],
    ArrowUp: [0, -1],
  };
  const way = toward[key];
  const start = placed.nodes.find((box) => box.id === from);
  if (!way || !start) return undefined;
  let best: { id: string; far: number } | undefined;
  for (const box of placed.nodes) {
    const [dx, dy] = [box.x - start.x, box.y - start.y];
    const ahead = dx * way[0] + dy * way[1];
    const aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
    const far = ahead + 2 * aside;
    if (ahead > 0 && (!best || far < best.far)) best = { id: box.id, far };
  }
  return best?.id;
}
