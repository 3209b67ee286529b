import { expect, test } from 'vitest';
import { at, setAt } from '../src/lib/json';

test('a part is changed in a copy', () => {
  const before = { names: ['Ada'], more: { a: 1 } };
  expect(setAt(before, ['names', 1], 'Sid')).toEqual({ names: ['Ada', 'Sid'], more: { a: 1 } });
  expect(setAt(before, ['more', 'b', 'c'], true)).toEqual({
    names: ['Ada'],
    more: { a: 1, b: { c: true } },
  });
  expect(before).toEqual({ names: ['Ada'], more: { a: 1 } });
});

test('undefined takes a part away', () => {
  expect(setAt({ a: 1, b: 2 }, ['a'], undefined)).toEqual({ b: 2 });
  expect(setAt([1, 2, 3], [1], undefined)).toEqual([1, 3]);
});

test('what every object has is not a part of it', () => {
  expect(at({}, ['constructor'])).toBeUndefined();
  expect(at({ a: [{ b: 5 }] }, ['a', 0, 'b'])).toBe(5);
  expect(at('text', ['a'])).toBeUndefined();
});
