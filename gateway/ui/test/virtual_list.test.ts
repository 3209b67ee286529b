import { expect, test } from 'vitest';
import { isAtEnd, windowOf } from '../src/lib/virtual_list';

test('only what is in sight is drawn, and some beyond', () => {
  expect(windowOf(10_000, 20, 2000, 400, 5)).toEqual({
    first: 95,
    end: 126,
    before: 1900,
    height: 200_000,
  });
  expect(windowOf(10_000, 20, 0, 400, 5)).toMatchObject({ first: 0, end: 26, before: 0 });
  expect(windowOf(3, 20, 0, 400)).toMatchObject({ first: 0, end: 3 });
  expect(windowOf(0, 20, 0, 400)).toMatchObject({ first: 0, end: 0, height: 0 });
});

test('a list that became shorter shows its end', () => {
  const { first, end } = windowOf(100, 20, 100_000, 400, 0);
  expect(end).toBe(100);
  expect(first).toBe(79);
});

test('the end is where it was scrolled to, give or take a line', () => {
  expect(isAtEnd(600, 400, 1000)).toBe(true);
  expect(isAtEnd(590, 400, 1000)).toBe(true);
  expect(isAtEnd(500, 400, 1000)).toBe(false);
});
