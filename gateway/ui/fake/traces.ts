// A thousand traces, and those of the calls that are made meanwhile.
import type { Span, Trace, TraceSummary } from '../src/api/gen/v1';
import { Refusal } from './http';
import type { Handler } from './methods';
import { SHAPES } from './world';

export interface Kept {
  id: string;
  chain: string;
  method: string;
  us: number;
  calls: number;
  why: string;
  at: number; // unix, ms
  code: number;
  recorded: boolean;
}

const kept: Kept[] = [];

export function keepTrace(trace: Partial<Kept>): void {
  if (!trace.id) return;
  kept.unshift({
    id: '',
    chain: 'hello',
    method: 'run_remote',
    us: 3000,
    calls: 2,
    why: 'drawn',
    at: Date.now(),
    code: 0,
    recorded: false,
    ...trace,
  });
}

// The same each time: a small generator, by Lehmer.
let state = 42;
const random = () => {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
};

for (let i = 0; i < 1000; ++i) {
  const chain = ['hello', 'hello', 'transcribe', 'poems'][Math.floor(random() * 4)] ?? 'hello';
  const code = random() < 0.04 ? 14 : random() < 0.02 ? 4 : 0;
  const slow = random() < 0.05;
  kept.push({
    id: Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join(''),
    chain,
    method: chain === 'transcribe' && random() < 0.5 ? 'stream_segments' : 'run_remote',
    us: Math.round((chain === 'transcribe' ? 400_000 : 3_000) * (0.5 + random()) * (slow ? 5 : 1)),
    calls: 1 + Math.floor(random() * 7),
    why: code ? 'failed' : slow ? 'slow' : random() < 0.02 ? 'recorded' : 'drawn',
    at: Date.now() - i * 7_000 - random() * 4_000,
    code,
    recorded: random() < 0.03,
  });
}

function summaryOf(trace: Kept): TraceSummary {
  return {
    trace_id: trace.id,
    request_id: trace.id.slice(0, 16),
    chain: trace.chain,
    deployment: `${trace.chain}-2`,
    environment: 'production',
    method: `/chains/${trace.chain}/production/${trace.method}`,
    start_unix_us: String(Math.round(trace.at * 1000)),
    duration_us: String(trace.us),
    code: trace.code,
    spans: 3 + trace.calls * 2,
    kept: trace.why,
    recorded: trace.recorded || trace.why === 'recorded',
  };
}

const spanOf = (
  trace: Kept,
  id: number,
  parent: number,
  from: number,
  length: number,
  more: Partial<Span>,
): Span => ({
  trace_id: '',
  span_id: String(id),
  parent_span_id: String(parent),
  kind: 'SERVER',
  chainlet: '',
  method: 'RunRemote',
  replica: '',
  start_unix_us: String(Math.round(trace.at * 1000 + from * trace.us)),
  duration_us: String(Math.round(length * trace.us)),
  code: 0,
  message: '',
  attempt: 1,
  queue_us: '0',
  user_us: '0',
  serialize_us: '0',
  network_us: '0',
  items: '0',
  events: [],
  request_id: '',
  chain: '',
  deployment: '',
  environment: '',
  http_status: 0,
  outermost: false,
  asked: false,
  drawn: true,
  recorded: false,
  request: '',
  reply: '',
  cut: false,
  ...more,
});

function spansOf(trace: Kept): Span[] {
  const [entry = 'a.A', ...rest] =
    SHAPES.find((shape) => shape.chain === trace.chain)?.chainlets ?? [];
  const failed = trace.code
    ? { code: trace.code, message: `${rest.at(-1)} is away: connection refused` }
    : {};
  const messages =
    trace.recorded || trace.why === 'recorded'
      ? { recorded: true, request: 'CgNBZGE=', reply: 'CgpIZWxsbywgQWRh' }
      : {};
  const found = [
    spanOf(trace, 1, 0, 0, 1, {
      method: summaryOf(trace).method,
      outermost: true,
      chain: trace.chain,
      serialize_us: '30',
      ...failed,
    }),
    spanOf(trace, 2, 1, 0.02, 0.96, {
      kind: 'CLIENT',
      chainlet: entry,
      network_us: String(Math.round(trace.us * 0.1)),
      ...failed,
    }),
    spanOf(trace, 3, 2, 0.07, 0.86, {
      chainlet: entry,
      replica: `${entry.split('.')[1]}-0`,
      user_us: String(Math.round(trace.us * 0.12)),
      ...messages,
      ...failed,
    }),
  ];
  for (let i = 0; i < trace.calls; ++i) {
    const callee = rest[i % Math.max(1, rest.length)] ?? entry;
    const from = 0.1 + (i % 3) * 0.06 + Math.floor(i / 3) * 0.2;
    const length = Math.min(0.2 + ((i * 7) % 5) * 0.1, 0.9 - from);
    const last = i === trace.calls - 1 ? failed : {};
    const at = String(Math.round(trace.at * 1000 + (from + length / 4) * trace.us));
    found.push(
      spanOf(trace, 10 + i * 2, 3, from, length, {
        kind: 'CLIENT',
        chainlet: callee,
        attempt: i === 1 ? 2 : 1,
        network_us: String(Math.round(length * trace.us * 0.2)),
        ...last,
      }),
      spanOf(trace, 11 + i * 2, 10 + i * 2, from + length * 0.1, length * 0.8, {
        chainlet: callee,
        replica: `${callee.split('.')[1]}-${i % 2}`,
        queue_us: String(Math.round(length * trace.us * 0.1)),
        events: i === 0 ? [{ unix_us: at, name: 'queued', detail: 'all 4 places were taken' }] : [],
        ...messages,
        ...last,
      }),
    );
  }
  return found;
}

export const traceMethods: Record<string, Handler> = {
  ListTraces({ of, min_ms = 0, failed, text = '', limit = 0, recorded }) {
    const chain = of?.chain || of?.deployment?.split('-')[0] || '';
    const traces = kept
      .filter((each) => chain === '' || each.chain === chain)
      .filter((each) => each.us >= min_ms * 1000 && (!failed || each.code !== 0))
      .map(summaryOf)
      .filter((each) => !recorded || each.recorded)
      .filter((each) => text === '' || `${each.trace_id} ${each.method}`.includes(text));
    return { traces: traces.slice(0, limit || 100), kept: String(kept.length), dropped: '0' };
  },
  GetTrace({ trace_id }): Trace {
    const trace = kept.find((each) => each.id === trace_id);
    if (!trace) throw new Refusal('NOT_FOUND', `No trace ${trace_id} is kept.`);
    return { summary: summaryOf(trace), spans: spansOf(trace), incomplete: false };
  },
};
