// From what the platform says of a deployment to boxes and lines.
import type { ChainletStatus, Deployment, EdgeSeries, MeasureResponse } from '../../api/gen/v1';
import { type Tone, toneOfWord } from '../../components/badge';
import type { GraphEdge, GraphNode } from '../../components/graph';
import {
  edgeId,
  type Figures,
  healthOf,
  latest,
  mergeEdges,
  NOTHING,
  widthOf,
} from '../../lib/figures';
import { ms, rate, share } from '../../lib/format';

/** The box of callers from outside. */
export const OUTSIDE = '';
/** In addresses, where '' cannot be told from nothing. */
export const OUTSIDE_NAME = 'outside';

export interface EdgeRow {
  id: string;
  caller: string;
  callee: string;
  series: EdgeSeries | undefined;
  now: Figures;
}
export interface ChainletRow {
  status: ChainletStatus;
  now: Figures;
}
export interface Model {
  edges: EdgeRow[];
  chainlets: ChainletRow[];
}

/** All edges there are: those of the manifest, and those on which calls were seen. */
export function modelOf(deployment: Deployment, measured: MeasureResponse | undefined): Model {
  const seen = mergeEdges(measured?.edges ?? []);
  const listed = [
    { caller: OUTSIDE, callee: deployment.entrypoint },
    ...(deployment.manifest?.graph ?? []).map(({ from, to }) => ({ caller: from, callee: to })),
  ];
  const all = new Map([...listed, ...seen.values()].map((edge) => [edgeId(edge), edge]));
  const step = measured?.step_seconds ?? 2;
  const series = new Map((measured?.chainlets ?? []).map((row) => [row.chainlet, row.points]));
  return {
    edges: [...all].map(([id, { caller, callee }]) => ({
      id,
      caller,
      callee,
      series: seen.get(id),
      now: latest(seen.get(id)?.points, step),
    })),
    chainlets: deployment.chainlets.map((status) => {
      const points = series.get(status.chainlet);
      return { status, now: points ? latest(points, step) : NOTHING };
    }),
  };
}

export function nameOf(id: string): string {
  return id === OUTSIDE ? 'Callers' : (id.split('.').pop() ?? id);
}

export function toneOfStatus(status: ChainletStatus): Tone {
  if (status.state === 'ready' && status.ready < status.wanted) return 'warn';
  return toneOfWord(status.state);
}

export function nodesOf(model: Model, hrefOf: (id: string) => string): GraphNode[] {
  const all = model.chainlets.map(({ status, now }): GraphNode => {
    const replicas = `${status.ready}/${status.wanted} ${status.state}`;
    const p99 = now.p99 >= 0 ? `p99 ${ms(now.p99)}` : '';
    return {
      id: status.chainlet,
      name: status.display_name || nameOf(status.chainlet),
      tone: toneOfStatus(status),
      lines: [replicas, p99],
      href: hrefOf(status.chainlet),
      said: `${status.display_name}: ${status.state}, ${status.ready} of ${status.wanted} replicas are ready. ${p99}`,
    };
  });
  const outside: GraphNode = {
    id: OUTSIDE,
    name: 'Callers',
    tone: 'accent',
    lines: ['through the gateway', ''],
    href: hrefOf(OUTSIDE_NAME),
    said: 'Callers, through the gateway',
  };
  return [outside, ...all];
}

/** `brief`: only rates are written, as there are many. */
export function edgesOf(model: Model, hrefOf: (id: string) => string, brief: boolean): GraphEdge[] {
  return model.edges.map(({ id, caller, callee, now }): GraphEdge => {
    const health = healthOf(now);
    const failing =
      health === 'bad' || health === 'warn' ? `, ${share(now.errors, now.rate)} fail` : '';
    const idle = health === 'idle';
    const latency = idle || now.p50 < 0 ? '' : `p50 ${ms(now.p50)} · p99 ${ms(now.p99)}`;
    const text = idle ? (brief ? '' : 'idle') : rate(now.rate) + (brief ? '' : failing);
    return {
      from: caller,
      to: callee,
      width: widthOf(now.rate),
      health,
      lines: [text, brief ? '' : latency],
      href: hrefOf(id),
    };
  });
}
