import { expect, test } from 'vitest';
import type { Span } from '../src/api/gen/v1';
import {
  codeName,
  criticalOf,
  fromReceipt,
  fromSpans,
  type Row,
  rowsOf,
  ticksOf,
  whoTookIt,
} from '../src/lib/waterfall';

function span(
  id: string,
  parent: string,
  start: number,
  duration: number,
  changes: Partial<Span> = {},
): Span {
  return {
    trace_id: 't',
    span_id: id,
    parent_span_id: parent,
    kind: 'SERVER',
    chainlet: `c.${id}`,
    method: 'RunRemote',
    replica: `${id}-1`,
    start_unix_us: String(1_000_000 + start),
    duration_us: String(duration),
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
    drawn: false,
    recorded: false,
    request: '',
    reply: '',
    cut: false,
    ...changes,
  };
}

const shape = (rows: Row[]) =>
  rows.map((row) => `${'  '.repeat(row.depth)}${row.chainlet} ${row.start}+${row.duration}`);
const total = (rows: Row[]) => rows.reduce((sum, row) => sum + criticalOf(row), 0);

test('a call to another process is one row, told by both of its ends', () => {
  const trace = fromSpans([
    span('1', '0', 0, 1000, { chainlet: '' }),
    span('2', '1', 100, 800, { kind: 'CLIENT', network_us: '200', queue_us: '10', replica: '' }),
    span('3', '2', 200, 600, { queue_us: '5', user_us: '595' }),
    span('4', '3', 300, 100),
  ]);
  expect(shape(rowsOf(trace))).toEqual([' 0+1000', '  c.3 100+800', '    c.4 300+100']);
  const call = rowsOf(trace)[1]!;
  expect(call.inner).toEqual({ begin: 200, end: 800 });
  expect(call.parts).toEqual({ queue: 15, user: 595, serialize: 0, network: 200 });
  expect(call.replica).toBe('3-1');
  expect(trace.duration).toBe(1000);
});

test('a callee of whom nothing came is a row all the same', () => {
  const trace = fromSpans([
    span('1', '0', 0, 10),
    span('2', '1', 1, 5, { kind: 'CLIENT', code: 14, message: 'away' }),
  ]);
  expect(rowsOf(trace)[1]).toMatchObject({
    code: 'UNAVAILABLE',
    message: 'away',
    inner: undefined,
  });
});

test('clocks that differ move a callee into its call, and all below it', () => {
  const trace = fromSpans([
    span('1', '0', 0, 1000, { kind: 'CLIENT' }),
    span('2', '1', 50_000, 400),
    span('3', '2', 50_100, 100, { events: [{ unix_us: '1050150', name: 'queued', detail: '' }] }),
  ]);
  const [call, inner] = rowsOf(trace);
  expect(call!.inner).toEqual({ begin: 300, end: 700 });
  expect(inner!.start).toBe(400);
  expect(inner!.events[0]!.at).toBe(450);
});

test('the critical path takes what ended last, and adds up to the whole', () => {
  const trace = fromSpans([
    span('r', '0', 0, 100),
    span('a', 'r', 10, 30), // 10 to 40, and the longer one beside it
    span('b', 'r', 10, 50), // 10 to 60
    span('c', 'r', 70, 20), // 70 to 90
    span('d', 'c', 75, 10),
  ]);
  const by = Object.fromEntries(rowsOf(trace).map((row) => [row.chainlet, row]));
  expect(by['c.r']!.critical).toEqual([
    { begin: 0, end: 10 },
    { begin: 60, end: 70 },
    { begin: 90, end: 100 },
  ]);
  expect(criticalOf(by['c.a']!)).toBe(0);
  expect(by['c.b']!.critical).toEqual([{ begin: 10, end: 60 }]);
  expect(by['c.c']!.critical).toEqual([
    { begin: 70, end: 75 },
    { begin: 85, end: 90 },
  ]);
  expect(total(rowsOf(trace))).toBe(100);
  expect(whoTookIt(trace)[0]).toEqual({ chainlet: 'c.b', us: 50 });
});

test('a child that outlives its parent ends with it', () => {
  const trace = fromSpans([span('r', '0', 0, 100), span('a', 'r', 50, 500)]);
  expect(rowsOf(trace)[0]!.critical).toEqual([{ begin: 0, end: 50 }]);
});

test('spans whose parents were lost are roots, and circles end', () => {
  expect(fromSpans([span('1', '9', 0, 10), span('2', '1', 1, 2)]).roots).toHaveLength(1);
  expect(rowsOf(fromSpans([span('1', '1', 0, 10)]))).toHaveLength(1);
  expect(rowsOf(fromSpans([span('1', '2', 0, 10), span('2', '1', 0, 10)])).length).toBeLessThan(3);
  expect(fromSpans([])).toMatchObject({ roots: [], duration: 0 });
});

test('a receipt is a waterfall, too', () => {
  const trace = fromReceipt({
    call: {
      chainlet: 'hello.HelloAll',
      method: 'RunRemote',
      code: 'OK',
      start_us: 48,
      elapsed_us: 2980,
      total_us: 1603,
      network_us: 1302,
      user_us: 16,
      calls_left_out: 2,
      calls: [
        {
          chainlet: 'hello.SayHello',
          method: 'RunRemote',
          code: 'OK',
          start_us: 719,
          elapsed_us: 1565,
          total_us: 17,
          network_us: 1531,
        },
      ],
    },
  });
  expect(shape(rowsOf(trace))).toEqual(['hello.HelloAll 0+2980', '  hello.SayHello 719+1565']);
  expect(rowsOf(trace)[0]!.inner).toEqual({ begin: 651, end: 2254 });
  expect(trace.leftOut).toBe(2);
  expect(total(rowsOf(trace))).toBe(2980);
  expect(fromReceipt({}).roots).toEqual([]);
});

test('rows below a closed one are not shown', () => {
  const trace = fromSpans([span('r', '0', 0, 100), span('a', 'r', 50, 10), span('b', 'a', 51, 1)]);
  expect(rowsOf(trace, new Set(['a'])).map((row) => row.chainlet)).toEqual(['c.r', 'c.a']);
});

test('1,000 spans below each other and beside each other are no matter', () => {
  const deep = Array.from({ length: 1000 }, (_, i) => span(`${i + 1}`, String(i), i, 2000 - i));
  expect(rowsOf(fromSpans(deep))).toHaveLength(1000);
  const wide = [
    span('r', '0', 0, 2000),
    ...Array.from({ length: 1000 }, (_, i) => span(`w${i}`, 'r', i, 5)),
  ];
  expect(total(rowsOf(fromSpans(wide)))).toBe(2000);
});

test('ticks are round numbers', () => {
  expect(ticksOf(2980)).toEqual([0, 500, 1000, 1500, 2000, 2500]);
  expect(ticksOf(7, 5)).toEqual([0, 2, 4, 6]);
  expect(ticksOf(0)).toEqual([0]);
});

test('codes have names', () => {
  expect([codeName(0), codeName('14'), codeName('ABORTED'), codeName(99)]).toEqual([
    'OK',
    'UNAVAILABLE',
    'ABORTED',
    'CODE_99',
  ]);
});
