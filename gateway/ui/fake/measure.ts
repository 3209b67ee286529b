// Figures that look like those of a chain under load: waves and noise, the same for the same moment.
import type { Point } from '../src/api/gen/v1';
import { find } from './deployments';
import type { Handler } from './methods';
import { shapeOf } from './world';

const STEP_S = 2;

/** 0 to 1, by its arguments alone. */
function noise(seed: number, step: number): number {
  const x = Math.sin(seed * 127.1 + step * 311.7) * 43758.5453;
  return x - Math.floor(x);
}

function points(
  seed: number,
  from: number,
  steps: number,
  scale: number,
  replicas: number,
  sick: boolean,
): Point[] {
  return Array.from({ length: steps }, (_, i) => {
    const step = from + i;
    const wave = 1 + 0.35 * Math.sin(step / 40 + seed) + 0.15 * Math.sin(step / 7);
    const rate = Math.max(0, scale * wave * (0.9 + 0.2 * noise(seed, step)));
    const burst = noise(seed + 9, Math.floor(step / 12)) > 0.93;
    const p50 = (2 + seed * 1.7) * (0.9 + 0.25 * noise(seed + 1, step)) * (1 + 0.2 * wave);
    return {
      rate,
      errors: rate * (sick ? 0.12 : burst ? 0.02 : 0.0004),
      p50_ms: p50,
      p99_ms: p50 * (2.5 + 2 * noise(seed + 2, step)) * (burst ? 2.2 : 1),
      in_flight: (rate * p50) / 1000,
      queued: burst ? Math.round(6 * noise(seed + 3, step)) : 0,
      ready: replicas,
      wanted: replicas + (burst ? 1 : 0),
    };
  });
}

export const measureMethods: Record<string, Handler> = {
  Measure: ({ of, seconds = 60 }) => {
    const deployment = find(of);
    const shape = shapeOf(deployment.chain);
    const asleep = [
      'DEPLOYMENT_SCALED_TO_ZERO',
      'DEPLOYMENT_INACTIVE',
      'DEPLOYMENT_FAILED',
    ].includes(deployment.state);
    const load = asleep ? 0 : 24;
    const steps = Math.ceil(Math.min(seconds, 900) / STEP_S);
    const last = Math.floor(Date.now() / 1000 / STEP_S);
    const of_ = (seed: number, scale: number, replicas: number, sick = false) =>
      points(seed, last - steps, steps, asleep ? 0 : scale, replicas, sick);
    const crashing = new Set(
      deployment.chainlets.filter((c) => c.state === 'crashing').map((c) => c.chainlet),
    );
    const edge = (caller: string, callee: string, seed: number, scale: number) => ({
      caller,
      callee,
      remote: seed % 5 !== 3,
      points: of_(seed, scale, 0, crashing.has(callee)),
    });
    return {
      deployment: deployment.id,
      unix_ms: String(last * STEP_S * 1000),
      step_seconds: STEP_S,
      edges: [
        edge('', deployment.entrypoint, 5, load),
        ...shape.edges.map(([from, to], i) =>
          edge(
            shape.chainlets[from] as string,
            shape.chainlets[to] as string,
            (i % 9) + 1,
            load * (1 + (i % 4) * 2.5) * (i % 7 === 5 ? 0 : 1),
          ),
        ),
      ],
      chainlets: deployment.chainlets.map((c, i) => ({
        chainlet: c.chainlet,
        points: of_((i % 9) + 1, load * (1 + (i % 3)), c.ready, crashing.has(c.chainlet)),
      })),
      routes: [
        {
          environment: deployment.environments[0] ?? '',
          method: 'run_remote',
          points: of_(5, load, 0),
        },
      ],
    };
  },
};
