import { expect, test } from 'vitest';
import type { LogLine } from '../src/api/gen/v1';
import { asFilter, LogLines, NO_FILTER, passes } from '../src/lib/log_lines';

function line(changes: Partial<LogLine> = {}): LogLine {
  return {
    unix_ms: '1',
    chain: 'hello',
    deployment: 'd',
    chainlet: 'hello.SayHello',
    replica: 'SayHello-1',
    level: 'info',
    message: 'said hello',
    request_id: 'r1',
    trace_id: 't1',
    fields: { voice: 'Ada' },
    ...changes,
  };
}

test('a level lets pass what is as bad or worse; output without a level counts as information', () => {
  const warnings = { ...NO_FILTER, level: 'warning' };
  expect(
    ['debug', 'info', '', 'warning', 'error'].filter((level) => passes(line({ level }), warnings)),
  ).toEqual(['warning', 'error']);
  expect(passes(line({ level: '' }), { ...NO_FILTER, level: 'info' })).toBe(true);
});

test('a text is found in the message and in the values of fields, whatever the case', () => {
  for (const text of ['SAID', 'ada']) expect(passes(line(), { ...NO_FILTER, text })).toBe(true);
  expect(passes(line(), { ...NO_FILTER, text: 'bye' })).toBe(false);
});

test('a chainlet is found by either of its names, also among several of a process', () => {
  const of = (chainlet: string) => ({ ...NO_FILTER, chainlet });
  expect(passes(line(), of('SayHello'))).toBe(true);
  expect(passes(line({ chainlet: 'HelloAll+SayHello' }), of('hello.SayHello'))).toBe(true);
  expect(passes(line(), of('HelloAll'))).toBe(false);
});

test('ids and replicas are taken as a whole', () => {
  expect(passes(line(), { ...NO_FILTER, traceId: 't' })).toBe(false);
  expect(passes(line(), { ...NO_FILTER, requestId: 'r1', replica: 'SayHello-1' })).toBe(true);
});

test('the last lines are kept, and those that pass stay in step', () => {
  const lines = new LogLines(100);
  lines.select({ ...NO_FILTER, level: 'error' });
  for (let i = 1; i <= 1000; ++i) {
    lines.add([line({ message: `line ${i}`, level: i % 10 === 0 ? 'error' : 'info' })]);
    expect(lines.size).toBeLessThanOrEqual(125);
  }
  expect(lines.seen).toBe(1000);
  expect(lines.shown.at(-1)!.line.message).toBe('line 1000');
  expect(lines.shown.length).toBeGreaterThanOrEqual(10);
  expect(lines.shown.length).toBeLessThanOrEqual(13);
  lines.select(NO_FILTER);
  expect(lines.shown.length).toBe(lines.size);
  expect(lines.shown[1]!.number - lines.shown[0]!.number).toBe(1);
});

test('numbers of lines stay when lines before them go', () => {
  const lines = new LogLines(10);
  lines.add(Array.from({ length: 30 }, () => line()));
  expect(lines.shown.map((each) => each.number)).toEqual(
    Array.from({ length: 10 }, (_, i) => 21 + i),
  );
});

test('an id that is typed is looked for as an id', () => {
  const id = '0af7651916cd43dd8448eb211c80319c';
  expect(asFilter(id, NO_FILTER)).toEqual({ ...NO_FILTER, traceId: id });
  expect(asFilter(' f44ffe7c8ac9f623 ', NO_FILTER)).toEqual({
    ...NO_FILTER,
    requestId: 'f44ffe7c8ac9f623',
  });
  expect(asFilter('cafe', NO_FILTER)).toEqual({ ...NO_FILTER, text: 'cafe' });
});
