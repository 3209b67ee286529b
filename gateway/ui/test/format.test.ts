import { describe, expect, it } from 'vitest';
import {
  ago,
  bytes,
  count,
  duration,
  ms,
  num,
  percent,
  rate,
  share,
  short,
  us,
} from '../src/lib/format';

const plain = (text: string) => text.replaceAll('\u202f', ' ');

describe('figures', () => {
  it('have three digits at most, whatever their size', () => {
    expect([0, 0.001, 0.123, 1.234, 12.34, 123.4, 999.4].map(short)).toEqual([
      '0',
      '<0.01',
      '0.12',
      '1.23',
      '12.3',
      '123',
      '999',
    ]);
    expect([999.6, 1234, 45_600, 1e6, 2.5e9, 7e12].map(short)).toEqual([
      '1k',
      '1.23k',
      '45.6k',
      '1M',
      '2.5G',
      '7T',
    ]);
  });
  it('never show a digit more where they are rounded up', () => {
    expect([9.996, 99.96, 999.96].map(short)).toEqual(['10', '100', '1k']);
  });
  it('are a dash where there is nothing to say', () => {
    expect([undefined, null, '', Number.NaN, 'x'].map(short)).toEqual(['–', '–', '–', '–', '–']);
    expect([ms(-1), us(undefined), rate(null), bytes(''), share(1, 0), duration(-5)]).toEqual([
      '–',
      '–',
      '–',
      '–',
      '–',
      '–',
    ]);
  });
  it('come as strings where the API has 64 bits', () => {
    expect(num('12')).toBe(12);
    expect(plain(us('1500'))).toBe('1.5 ms');
  });
});

describe('times', () => {
  it('take the unit that fits', () => {
    expect(
      [0, 0.0004, 0.34, 1.2, 12.34, 340, 999.6, 1250, 59_900].map((x) => plain(ms(x))),
    ).toEqual(['0 ms', '1 µs', '340 µs', '1.2 ms', '12.3 ms', '340 ms', '1 s', '1.25 s', '59.9 s']);
  });
  it('that are long have their two largest units', () => {
    expect(
      [500, 61_000, 3_600_000, 12_000_000, 450_000_000].map((x) => plain(duration(x))),
    ).toEqual(['0 s', '1 min 1 s', '1 h', '3 h 20 min', '5 d 5 h']);
  });
  it('that are past are told from now', () => {
    const now = 1_700_000_000_000;
    expect([0, 12, 200, 7300, 200_000].map((s) => plain(ago(now - s * 1000, now)))).toEqual([
      'now',
      '12 s ago',
      '3 min ago',
      '2 h ago',
      '2 d ago',
    ]);
    expect(ago('0', now)).toBe('–');
  });
});

describe('shares and sizes', () => {
  it('say that there is a little', () => {
    expect([share(0, 10), share(1, 5000), share(1, 64), share(1, 8)].map(plain)).toEqual([
      '0 %',
      '<0.1 %',
      '1.6 %',
      '13 %',
    ]);
    expect(plain(percent(99.96))).toBe('100 %');
  });
  it('of memory are powers of two', () => {
    expect([512, 1536, '134217728', 3 * 2 ** 40].map((x) => plain(bytes(x)))).toEqual([
      '512 B',
      '1.5 KiB',
      '128 MiB',
      '3 TiB',
    ]);
  });
  it('count one and many', () => {
    expect([count(1, 'replica'), count(0, 'replica'), count(2, 'entry', 'entries')]).toEqual([
      '1 replica',
      '0 replicas',
      '2 entries',
    ]);
  });
});
