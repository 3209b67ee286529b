import { expect, test } from 'vitest';
import { encodeWav, join, loudness } from '../src/lib/wav';

test('a WAV file has the header that readers look for, and its samples as 16 bits', () => {
  const wav = encodeWav(Float32Array.of(0, 1, -1, 2, -0.5), 16000);
  const view = new DataView(wav.buffer);
  const text = (from: number, length: number) =>
    new TextDecoder().decode(wav.slice(from, from + length));
  expect([text(0, 4), text(8, 8), text(36, 4)]).toEqual(['RIFF', 'WAVEfmt ', 'data']);
  expect(view.getUint32(4, true)).toBe(wav.length - 8);
  expect(view.getUint32(24, true)).toBe(16000);
  expect(view.getUint32(40, true)).toBe(10);
  expect([44, 46, 48, 50, 52].map((offset) => view.getInt16(offset, true))).toEqual([
    0, 32767, -32768, 32767, -16384,
  ]);
});

test('pieces become one', () => {
  expect([...join([Float32Array.of(1, 2), Float32Array.of(), Float32Array.of(3)])]).toEqual([
    1, 2, 3,
  ]);
});

test('silence is not loud', () => {
  expect(loudness(new Float32Array(10))).toBe(0);
  expect(loudness(new Float32Array(0))).toBe(0);
  expect(loudness(new Float32Array(10).fill(1))).toBe(1);
});
