// A chain's graph, live: how often who calls whom, how it goes, and what runs where.
import { useEffect, useMemo, useState } from 'preact/hooks';
import { call } from '../../api/client';
import type { Deployment, MeasureResponse } from '../../api/gen/v1';
import { Graph, useLayout } from '../../components/graph';
import { Icon } from '../../components/icon';
import { Empty, Loaded, Stale } from '../../components/say';
import { usePoll } from '../../hooks/poll';
import { useWidth } from '../../hooks/width';
import { BOX, type Layout } from '../../lib/graph/layout';
import { href, where } from '../../router';
import type { ChainPageProps } from '../registry';
import { Details } from './details';
import './graph.css';
import { edgesOf, type Model, modelOf, nodesOf } from './model';
import { Summary } from './summary';
import { ChainletTable, EdgeTable } from './tables';

const EVERY_MS = 2000;
/** From so many edges on, only rates are written on them. */
const BRIEF_ABOVE = 24;
/** Below it nothing can be read. */
const SMALLEST = 0.6;

export default function GraphPage({ target, query }: ChainPageProps) {
  if (!target.deployment) {
    return (
      <Empty
        icon="deployments"
        title={`${target.name} points nowhere yet`}
        command={`chains push ${target.chain} --environment ${target.name}`}
      >
        Promote a deployment to it, or push one.
      </Empty>
    );
  }
  return <Live key={target.deployment.id} of={target.of} chosen={query.get('show') ?? ''} />;
}

interface LiveProps {
  of: ChainPageProps['target']['of'];
  chosen: string;
}

function Live({ of, chosen }: LiveProps) {
  const status = usePoll((signal) => call('Status', of, { signal }), EVERY_MS, [of]);
  const figures = usePoll((signal) => call('Measure', { of, seconds: 60 }, { signal }), EVERY_MS, [
    of,
  ]);
  return (
    <Loaded
      data={status.data?.deployment ?? undefined}
      error={status.error}
      again={status.again}
      what="The deployment could not be read."
      lines={8}
    >
      {(deployment) => (
        <div class="stack">
          {figures.error && <Stale error={figures.error} retry={figures.again} />}
          <Shown deployment={deployment} measured={figures.data} chosen={chosen} of={of} />
        </div>
      )}
    </Loaded>
  );
}

interface ShownProps extends LiveProps {
  deployment: Deployment;
  measured: MeasureResponse | undefined;
}

function Shown({ deployment, measured, chosen, of }: ShownProps) {
  const model = useMemo(() => modelOf(deployment, measured), [deployment, measured]);
  const known =
    model.edges.some((e) => e.id === chosen) ||
    model.chainlets.some((c) => c.status.chainlet === chosen);
  return (
    <>
      <Summary deployment={deployment} measured={measured} />
      {deployment.problem && (
        <p class="note bad">
          <Icon name="warning" /> <span class="said">{deployment.problem}</span>
        </p>
      )}
      <div class={known ? 'graph-and-details' : ''}>
        <Picture model={model} chosen={chosen} chain={deployment.chain} />
        {known && <Details of={of} id={chosen} deployment={deployment} close={showing('')} />}
      </div>
      <EdgeTable
        rows={model.edges}
        step={measured?.step_seconds ?? 2}
        hrefOf={showing}
        chosen={chosen}
      />
      <ChainletTable rows={model.chainlets} hrefOf={showing} chosen={chosen} />
    </>
  );
}

/** This page with the details of an edge or chainlet. */
export function showing(id: string): string {
  return href(where.value.path, { show: id });
}

function Picture({ model, chosen, chain }: { model: Model; chosen: string; chain: string }) {
  const [zoom, setZoom] = useState(0);
  const { ref, width } = useWidth<HTMLElement>();
  const nodes = nodesOf(model, showing);
  const edges = edgesOf(model, showing, model.edges.length > BRIEF_ABOVE);
  const right = useLayout(nodes, edges, 'right');
  const down = useLayout(nodes, edges, 'down');
  // Whichever is read more easily in the room there is.
  const across = width === 0 || fitting(right, width) >= fitting(down, width);
  const placed = across ? right : down;
  const fit = width === 0 ? 1 : Math.max(SMALLEST, fitting(placed, width));
  const scale = zoom || fit;
  const step = (by: number) => setZoom(Math.min(1.6, Math.max(0.3, scale + by)));

  // What comes from outside is where one begins to look.
  const known = width > 0;
  useEffect(() => {
    const start = placed.nodes[0];
    if (!ref.current || !start) return;
    ref.current.scrollTop = start.y * scale - ref.current.clientHeight / 2;
    ref.current.scrollLeft = across ? 0 : (start.x + BOX.width / 2) * scale - width / 2;
  }, [placed, known]);

  return (
    <section class="panel flush" aria-label="Graph">
      <header>
        <h2>Who calls whom</h2>
        <Legend />
        <div class="segments">
          <button type="button" title="Smaller" onClick={() => step(-0.15)}>
            −<span class="only-read">Smaller</span>
          </button>
          <button type="button" title="To the width" onClick={() => setZoom(0)}>
            {Math.round(scale * 100)}
            <span class="only-read"> percent, fit to the width</span>
          </button>
          <button type="button" title="Larger" onClick={() => step(0.15)}>
            +<span class="only-read">Larger</span>
          </button>
        </div>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section class="graph-scroll" ref={ref} tabIndex={0} aria-label="Drawing">
        <Graph
          label={`Graph of ${chain}`}
          nodes={nodes}
          edges={edges}
          placed={placed}
          scale={scale}
          chosen={chosen}
        />
      </section>
    </section>
  );
}

function fitting({ width }: Layout, room: number): number {
  return Math.min(1, room / width);
}

function Legend() {
  const kinds = [
    ['ok', 'fine'],
    ['warn', 'over 0.1 % fail'],
    ['bad', 'over 1 % fail'],
    ['idle', 'idle'],
  ] as const;
  return (
    <ul class="legend">
      {kinds.map(([health, text]) => (
        <li key={health}>
          <svg width="28" height="8" aria-hidden="true" class={`edge ${health}`}>
            <path class="edge-line" d="M0 4H28" stroke-width="3" />
          </svg>
          {text}
        </li>
      ))}
    </ul>
  );
}
