// What there is on the fake platform, and what promotions, keys and scalings change of it.
import type {
  ChainletStatus,
  Deployment,
  DeploymentState,
  Environment,
  Manifest,
  Method,
  ReplicaStatus,
} from '../src/api/gen/v1';

export const START = Date.now();
const HOUR = 3_600_000;

export interface Shape {
  chain: string;
  /** Full names, the entrypoint first. */
  chainlets: string[];
  edges: [number, number][];
  methods?: Record<string, Partial<Method>[]>;
}

const WIDE = 50;
export const SHAPES: Shape[] = [
  { chain: 'hello', chainlets: ['hello.HelloAll', 'hello.SayHello'], edges: [[0, 1]] },
  {
    chain: 'transcribe',
    chainlets: ['transcribe.Transcribe', 'transcribe.MacroChunkWorker', 'transcribe.Recognizer'],
    edges: [
      [0, 1],
      [1, 2],
    ],
  },
  {
    chain: 'poems',
    chainlets: [
      'poems.Poems',
      'poems.Outline',
      'poems.Write',
      'poems.Rhyme',
      'poems.Judge',
      'poems.Safety',
      'poems.Translate',
    ],
    edges: [
      [0, 1],
      [0, 2],
      [1, 2],
      [2, 3],
      [0, 4],
      [4, 5],
      [0, 6],
      [6, 5],
    ],
  },
  {
    chain: 'wide',
    chainlets: Array.from({ length: WIDE }, (_, i) => `wide.Step${i}`),
    edges: Array.from({ length: WIDE - 1 }, (_, i): [number, number][] => {
      const to = i + 1;
      const from = Math.floor(i / 2.2);
      return to % 4 === 0 && from > 2
        ? [
            [from, to],
            [from - 2, to],
          ]
        : [[from, to]];
    }).flat(),
  },
  {
    chain: 'streaming',
    chainlets: ['streaming.Consumer', 'streaming.Generator'],
    edges: [[0, 1]],
  },
];

function methodOf(name: string, stream = false): Method {
  return {
    name: 'RunRemote',
    path: `/${name}/RunRemote`,
    request_type: `${name}Request`,
    response_type: `${name}Response`,
    client_streaming: false,
    server_streaming: stream,
    idempotent: true,
    declared_at: '',
  };
}

export function manifestOf(shape: Shape, version: number): Manifest {
  const edges =
    version > 1 ? shape.edges : shape.edges.slice(0, Math.max(1, shape.edges.length - 1));
  return {
    chain: shape.chain,
    entrypoint: shape.chainlets[0] as string,
    chainlets: shape.chainlets.map((name, i) => ({
      name,
      display_name: name.split('.')[1] ?? name,
      implementation: `${name.replace('.', '::')}Impl`,
      methods: [
        methodOf(name),
        ...(i === 0 && version > 2 ? [{ ...methodOf(name, true), name: 'StreamAll' }] : []),
      ],
      dependencies: edges
        .filter(([from]) => from === i)
        .map(([, to]) => ({
          chainlet: shape.chainlets[to] as string,
          attempts: i === 0 ? 3 : 1,
          timeout_sec: 10,
          max_in_flight: 0,
          url: '',
          url_secret: '',
          soft: false,
          retry_ratio: 0.1,
          retry_burst: 10,
        })),
      resources: {
        cpus: 1,
        memory_bytes: String((version > 1 ? 256 : 128) << 20),
        gpu: '',
        gpu_count: 0,
        gpu_module: '',
        gpu_optional: false,
      },
      autoscaling: scalingOf(i),
      concurrency_limit: 64,
      max_queued: 256,
      secrets: [],
      variables: {},
      assets: [],
      base_image: '',
      system_packages: [],
      declared_at: `main.cc:${6 + i * 3}`,
    })),
    graph: edges.map(([from, to]) => ({
      from: shape.chainlets[from] as string,
      to: shape.chainlets[to] as string,
    })),
  };
}

function scalingOf(i: number) {
  return {
    min_replica: i === 0 ? 1 : 2,
    max_replica: i === 0 ? 2 : 5,
    autoscaling_window_sec: 60,
    scale_down_delay_sec: 900,
    max_scale_down_rate: 50,
    concurrency_target: 4,
    target_utilization_percentage: 70,
  };
}

function replica(chainlet: string, i: number, state = 'ready'): ReplicaStatus {
  return {
    name: `${chainlet.split('.')[1]?.toLowerCase()}-${(i * 7919 + chainlet.length * 31).toString(36).padStart(4, 'x')}`,
    pid: 4000 + i,
    state,
    restarts: i === 3 ? 2 : 0,
    started_unix_ms: String(START - (i + 1) * 17 * 60_000),
    in_flight: String((i * 3) % 5),
    shares_process_with: [],
    node: `node-${(i % 3) + 1}`,
  };
}

function chainletOf(shape: Shape, i: number, state: DeploymentState): ChainletStatus {
  const name = shape.chainlets[i] as string;
  const crashes = state === 'DEPLOYMENT_UNHEALTHY' && i === shape.chainlets.length - 1;
  const asleep = state === 'DEPLOYMENT_SCALED_TO_ZERO' || state === 'DEPLOYMENT_INACTIVE';
  const wanted = asleep
    ? 0
    : Math.min(scalingOf(i).min_replica + (i % 3), scalingOf(i).max_replica);
  const ready = crashes ? 0 : wanted;
  return {
    chainlet: name,
    display_name: name.split('.')[1] ?? name,
    wanted,
    ready,
    starting: crashes ? 1 : 0,
    state: crashes ? 'crashing' : asleep ? 'asleep' : 'ready',
    problem: crashes
      ? 'It ended by SIGABRT (aborted).\nmodel.cc:88: cannot map /assets/model.bin: No such file or directory'
      : '',
    in_flight: asleep ? 0 : 1.5 + (i % 4),
    autoscaling: scalingOf(i),
    resources: {
      cpus: 1,
      memory_bytes: String(256 << 20),
      gpu: '',
      gpu_count: 0,
      gpu_module: '',
      gpu_optional: false,
    },
    replicas: Array.from({ length: wanted }, (_, r) =>
      replica(name, r, crashes ? 'unhealthy' : 'ready'),
    ),
    changes: asleep
      ? []
      : [
          {
            unix_ms: String(START - 4 * 60_000),
            from: 2,
            to: wanted,
            why: `4.2 in flight over 60s ÷ (4 × 70 %) = 2, at most ${scalingOf(i).max_replica}`,
          },
          { unix_ms: String(START - 31 * 60_000), from: 1, to: 2, why: 'at least 2' },
        ],
    note: i === 2 ? 'runs on CPUs: no GPU of this machine is free' : '',
  };
}

function deployment(
  shape: Shape,
  id: string,
  version: number,
  age: number,
  state: DeploymentState = 'DEPLOYMENT_ACTIVE',
): Deployment {
  return {
    id,
    chain: shape.chain,
    development: false,
    state,
    problem:
      state === 'DEPLOYMENT_FAILED'
        ? `${shape.chainlets[1]}: crashed 5 times while starting: cannot open weights.bin`
        : '',
    environments: [],
    created_unix_ms: String(START - age * HOUR),
    bundle: id.repeat(8),
    revision: '1',
    entrypoint: shape.chainlets[0] as string,
    placement: 'PLACEMENT_SEPARATE',
    chainlets: shape.chainlets.map((_, i) => chainletOf(shape, i, state)),
    paths: [`/chains/${shape.chain}/${id}`],
    manifest: manifestOf(shape, version),
    canary_of: [],
  };
}

export const versions = new Map<string, number>();
export const deployments: Deployment[] = [];
export const environments: Environment[] = [];

function add(shape: Shape, id: string, version: number, age: number, state?: DeploymentState) {
  versions.set(id, version);
  deployments.push(deployment(shape, id, version, age, state));
}

function environment(chain: string, name: string, at: string, previous = ''): Environment {
  return { chain, name, deployment: at, previous, scaling: {} };
}

const [hello, transcribe, poems, wide, streaming] = SHAPES as [Shape, Shape, Shape, Shape, Shape];
add(hello, 'h3k9d2', 3, 2);
add(hello, 'h2m4x7', 2, 30);
add(hello, 'h1c8b1', 1, 240, 'DEPLOYMENT_INACTIVE');
add(hello, 'hdev01', 3, 0.2);
add(transcribe, 't2v6n3', 2, 50);
add(transcribe, 't1p0q5', 1, 400, 'DEPLOYMENT_SCALED_TO_ZERO');
add(poems, 'p4r8t1', 2, 9, 'DEPLOYMENT_UNHEALTHY');
add(poems, 'p3z2y9', 1, 80);
add(poems, 'p5fail', 2, 1, 'DEPLOYMENT_FAILED');
add(wide, 'w1w1w1', 2, 5);
add(streaming, 's1a7c3', 2, 20);
environments.push(
  environment('hello', 'production', 'h2m4x7', 'h1c8b1'),
  environment('hello', 'staging', 'h3k9d2', 'h2m4x7'),
  environment('transcribe', 'production', 't2v6n3', 't1p0q5'),
  environment('poems', 'production', 'p4r8t1', 'p3z2y9'),
  environment('wide', 'production', 'w1w1w1'),
  environment('wide', 'staging', ''),
  environment('streaming', 'production', 's1a7c3'),
);
const staged = environments[3] as Environment;
staged.ended_canary = {
  deployment: 'p3z2y9',
  why: '12 % of its 212 requests failed, 0.4 % of the others',
};
(deployments.find((one) => one.id === 'hdev01') as Deployment).development = true;
settle();

/** Writes into deployments what environments say of them. */
export function settle(): void {
  for (const one of deployments) {
    const mine = environments.filter((env) => env.deployment === one.id);
    one.environments = mine.map((env) => env.name);
    one.canary_of = environments.flatMap((env) =>
      env.canary?.deployment === one.id
        ? [{ environment: env.name, percent: env.canary.percent }]
        : [],
    );
    const names = [...one.environments, ...(one.development ? ['development'] : []), one.id];
    one.paths = names.map((name) => `/chains/${one.chain}/${name}`);
  }
}

export function shapeOf(chain: string): Shape {
  return SHAPES.find((one) => one.chain === chain) as Shape;
}
