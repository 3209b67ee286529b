// What is different between two deployments of a chain: for who promotes one over the other.
import type { Chainlet, Deployment, Manifest, Method } from '../api/gen/v1';
import { bytes, duration, short } from './format';

export type ChangeKind = 'added' | 'removed' | 'changed';
export interface Change {
  kind: ChangeKind;
  /** "contract", "chainlets", "calls", "resources", "scaling", "limits" */
  area: string;
  /** "hello.SayHello" */
  what: string;
  /** "1 CPU → 2 CPU"; may be empty. */
  how: string;
}

/** By area; empty: they are alike as far as their manifests say. */
export function changes(from: Deployment | undefined, to: Deployment): Change[] {
  const [a, b] = [from?.manifest, to.manifest];
  if (!b) return [];
  if (!a)
    return b.chainlets.map((one) => ({
      kind: 'added',
      area: 'chainlets',
      what: one.name,
      how: '',
    }));
  return [...contract(a, b), ...chainlets(a, b), ...calls(a, b), ...settings(a, b)];
}

function named<T>(rows: readonly T[], nameOf: (row: T) => string): Map<string, T> {
  return new Map(rows.map((row) => [nameOf(row), row]));
}

/** Both sides of each name, in the order of `b`, what is gone last. */
function pairs<T>(a: Map<string, T>, b: Map<string, T>): [string, T | undefined, T | undefined][] {
  const names = [...b.keys(), ...[...a.keys()].filter((name) => !b.has(name))];
  return names.map((name) => [name, a.get(name), b.get(name)]);
}

function contract(a: Manifest, b: Manifest): Change[] {
  const out: Change[] = [];
  if (a.entrypoint !== b.entrypoint) {
    out.push({
      kind: 'changed',
      area: 'contract',
      what: 'entrypoint',
      how: `${a.entrypoint} → ${b.entrypoint}`,
    });
  }
  const entry = (manifest: Manifest) =>
    manifest.chainlets.find((one) => one.name === manifest.entrypoint);
  const methods = (manifest: Manifest) =>
    named(entry(manifest)?.methods ?? [], (method) => method.name);
  for (const [name, was, is] of pairs(methods(a), methods(b))) {
    if (!was || !is)
      out.push({
        kind: is ? 'added' : 'removed',
        area: 'contract',
        what: name,
        how: signature(is ?? was),
      });
    else if (signature(was) !== signature(is)) {
      out.push({
        kind: 'changed',
        area: 'contract',
        what: name,
        how: `${signature(was)} → ${signature(is)}`,
      });
    }
  }
  return out;
}

function signature(method: Method | undefined): string {
  if (!method) return '';
  const short = (type: string) => type.split('.').pop() ?? type;
  const stream = (is: boolean) => (is ? 'stream ' : '');
  return `(${stream(method.client_streaming)}${short(method.request_type)}) returns (${stream(method.server_streaming)}${short(method.response_type)})`;
}

function chainlets(a: Manifest, b: Manifest): Change[] {
  const by = (manifest: Manifest) => named(manifest.chainlets, (one) => one.name);
  return pairs(by(a), by(b)).flatMap(([what, was, is]): Change[] =>
    was && is ? [] : [{ kind: is ? 'added' : 'removed', area: 'chainlets', what, how: '' }],
  );
}

function calls(a: Manifest, b: Manifest): Change[] {
  const by = (manifest: Manifest) => named(manifest.graph, ({ from, to }) => `${from} → ${to}`);
  return pairs(by(a), by(b)).flatMap(([what, was, is]): Change[] =>
    was && is ? [] : [{ kind: is ? 'added' : 'removed', area: 'calls', what, how: '' }],
  );
}

const SETTINGS: [area: string, of: (chainlet: Chainlet) => [string, string][]][] = [
  [
    'resources',
    ({ resources: r }) => [
      ['CPUs', short(r?.cpus)],
      ['memory', bytes(r?.memory_bytes)],
      ['GPU', r?.gpu ? `${r.gpu_count || 1} × ${r.gpu}` : 'none'],
    ],
  ],
  [
    'scaling',
    ({ autoscaling: s }) => [
      ['replicas', s ? `${s.min_replica}–${s.max_replica}` : '–'],
      ['in flight each', short(s?.concurrency_target)],
      ['window', duration((s?.autoscaling_window_sec ?? Number.NaN) * 1000)],
    ],
  ],
  [
    'limits',
    (one) => [
      ['at a time', one.concurrency_limit ? String(one.concurrency_limit) : 'any'],
      ['waiting', one.max_queued ? String(one.max_queued) : 'any'],
    ],
  ],
];

function settings(a: Manifest, b: Manifest): Change[] {
  const before = named(a.chainlets, (one) => one.name);
  const out: Change[] = [];
  for (const is of b.chainlets) {
    const was = before.get(is.name);
    if (!was) continue;
    for (const [area, of] of SETTINGS) {
      const then = of(was);
      for (const [i, [name, value]] of of(is).entries()) {
        const old = then[i]?.[1];
        if (old !== value)
          out.push({ kind: 'changed', area, what: is.name, how: `${name}: ${old} → ${value}` });
      }
    }
  }
  return out;
}
