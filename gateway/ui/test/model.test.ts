import { describe, expect, it } from 'vitest';
import { deployments, manifestOf, SHAPES } from '../fake/world';
// @ts-expect-error: a script without types
import { generate, parse as parseProto } from '../scripts/types.mjs';
import type { ChainletStatus, Deployment, Point } from '../src/api/gen/v1';
import { pauseMs } from '../src/hooks/poll';
import { changes } from '../src/lib/diff';
import { healthOf, latest, mergeEdges, widthOf } from '../src/lib/figures';
import { changeOf, formOf, wrongFields } from '../src/lib/scaling';
import { href, link, match, parse } from '../src/router';

const point = (more: Partial<Point>): Point => ({
  rate: 0,
  errors: 0,
  p50_ms: -1,
  p99_ms: -1,
  in_flight: 0,
  queued: 0,
  ready: 0,
  wanted: 0,
  ...more,
});

describe('figures', () => {
  it('are those of the last ten seconds', () => {
    const points = [
      point({ rate: 1000 }),
      ...Array.from({ length: 5 }, () => point({ rate: 10, errors: 1, p50_ms: 2, p99_ms: 9 })),
    ];
    expect(latest(points, 2)).toMatchObject({ rate: 10, errors: 1, p50: 2, p99: 9 });
    expect(latest(undefined, 2)).toMatchObject({ rate: 0, p50: -1 });
  });
  it('leave out latencies of nobody, and weigh those of many', () => {
    const points = [
      point({ rate: 0 }),
      point({ rate: 1, p50_ms: 10 }),
      point({ rate: 3, p50_ms: 2 }),
    ];
    expect(latest(points, 2).p50).toBe(4);
  });
  it('say how a line is', () => {
    expect(
      [
        [0, 0],
        [10, 0],
        [1000, 1],
        [100, 1],
      ].map(([rate = 0, errors = 0]) => healthOf({ rate, errors })),
    ).toEqual(['idle', 'ok', 'warn', 'bad']);
    expect(widthOf(1e9)).toBe(10);
    expect(widthOf(0)).toBeLessThan(widthOf(1));
  });
  it('of one edge by both ways are added up', () => {
    const edge = (remote: boolean, rate: number, p99_ms: number) => ({
      caller: 'a',
      callee: 'b',
      remote,
      points: [point({ rate, p99_ms })],
    });
    const merged = mergeEdges([edge(false, 5, 30), edge(true, 7, 20)]).get('a>b');
    expect(merged?.points[0]).toMatchObject({ rate: 12, p99_ms: 30 });
  });
});

describe('what a promotion changes', () => {
  const hello = SHAPES[0];
  const at = (version: number) => ({ manifest: hello && manifestOf(hello, version) }) as Deployment;
  it('is nothing between equals', () => expect(changes(at(2), at(2))).toEqual([]));
  it('are methods, calls and resources', () => {
    expect(changes(at(2), at(3))).toEqual([
      expect.objectContaining({ kind: 'added', area: 'contract', what: 'StreamAll' }),
    ]);
    expect(changes(at(3), at(2))[0]).toMatchObject({ kind: 'removed', area: 'contract' });
    expect(changes(at(1), at(2)).map((one) => one.how.replaceAll('\u202f', ' '))).toContain(
      'memory: 128 MiB → 256 MiB',
    );
  });
  it('is everything where there was nothing', () => {
    expect(changes(undefined, at(2)).map((one) => one.kind)).toEqual(['added', 'added']);
  });
});

describe('the form of scaling', () => {
  const status = deployments[0]?.chainlets[1] as ChainletStatus;
  const form = formOf(status);
  it('sends what was changed alone, memory in bytes', () => {
    expect(changeOf(form, form)).toEqual({});
    expect(changeOf(form, { ...form, max_replica: '9', memory_bytes: '512' })).toEqual({
      max_replica: 9,
      memory_bytes: '536870912',
    });
  });
  it('says which fields cannot be', () => {
    expect(wrongFields(form)).toEqual({});
    expect(
      Object.keys(wrongFields({ ...form, cpus: 'x', min_replica: '1.5', max_replica: '' })),
    ).toEqual(['min_replica', 'max_replica', 'cpus']);
    expect(wrongFields({ ...form, min_replica: '7', max_replica: '3' }).max_replica).toMatch(/7/);
  });
});

describe('addresses', () => {
  it('are read as they are written', () => {
    const path = link('/chain', 'a b', 'x/y');
    expect(match('/chain/:chain/:target', path)).toEqual({ chain: 'a b', target: 'x/y' });
    expect(parse(href(path, { level: 'error', none: '' })).query.get('level')).toBe('error');
  });
  it('that are broken are another page', () => {
    expect(match('/chain/:chain', '/chain/%E0%A4%A')).toBeUndefined();
    expect(match('/chain/:chain', '/chain/')).toBeUndefined();
    expect(parse('#nonsense').path).toBe('/');
  });
});

describe('polling', () => {
  it('comes less and less often while it fails, and waits as it is told', () => {
    expect([0, 1, 2, 10].map((failures) => pauseMs(2000, failures))).toEqual([
      2000, 4000, 8000, 60_000,
    ]);
    expect(pauseMs(2000, 1, 30_000)).toBe(30_000);
  });
});

describe('types', () => {
  it('are made of messages, enums and methods', () => {
    const text = generate([
      parseProto(`syntax = "proto3"; // no
        service S { rpc A(Q) returns (stream Q) { option x = Y; } rpc U(stream Q) returns (Q); }
        enum E { A = 0; B = 1; }
        message Q { int64 n = 1; optional bool b = 2; repeated E e = 3; map<string, Q> m = 4; Q q = 5; message I { bytes y = 1; } I i = 6; }`),
    ]);
    for (const line of [
      "type E = 'A' | 'B'",
      'n: string;',
      'b?: boolean | null;',
      'e: E[];',
      'm: Record<string, Q>;',
      'i?: Q_I | null;',
      'A: { request: Q; response: Q }',
    ]) {
      expect(text).toContain(line);
    }
    expect(text).not.toContain('U: {');
  });
});
