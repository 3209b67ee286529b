import { expect, test } from 'vitest';
import { messageText } from '../src/lib/message_text';
import { numberOf } from '../src/lib/number_of';

const base64 = (...bytes: number[]) => btoa(String.fromCharCode(...bytes));
const letters = (text: string) => [...text].map((letter) => letter.charCodeAt(0));

test('fields are shown by their numbers', () => {
  expect(messageText(base64(0x0a, 3, ...letters('Ada'), 0x10, 0x96, 0x01))).toBe(
    '1: "Ada"\n2: 150',
  );
  expect(messageText(base64(0x0d, 0, 0, 0xc0, 0x3f))).toBe('1: 1.5');
  expect(messageText('')).toBe('(empty)');
});

test('a message within a message is indented', () => {
  expect(messageText(base64(0x0a, 2, 0x08, 1))).toBe('1 {\n  1: 1\n}');
});

test('what is no message is shown as bytes, and nothing is read beyond the end', () => {
  expect(messageText(base64(0xff, 0xff))).toBe('ff ff');
  expect(messageText(base64(0x0a, 200, 1, 65))).toBe('0a c8 01 41');
  expect(messageText(base64(0x08, ...Array(12).fill(0x80)))).toMatch(/^08 80/);
  expect(messageText('not base64!')).toBe('(empty)');
});

test('a message of messages of messages ends', () => {
  let bytes = [0x08, 1];
  for (let i = 0; i < 60; ++i) bytes = [0x0a, bytes.length, ...bytes];
  expect(messageText(base64(...bytes)).length).toBeLessThan(20_000);
});

test('a number that is typed keeps all of its digits', () => {
  expect(numberOf('42')).toBe(42);
  expect(numberOf(' -1.5e3 ')).toBe(-1500);
  expect(numberOf('9007199254740993')).toBe('9007199254740993');
  expect(numberOf('007')).toBe('007');
  expect(numberOf('NaN')).toBe('NaN');
  expect(numberOf('')).toBeUndefined();
});
