import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../src/styles/tokens.css', import.meta.url), 'utf8');

/** The colours of a block of tokens.css: the first is light, the last dark. */
function tokens(block: string): Map<string, string> {
  return new Map(
    [...block.matchAll(/(--[\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
}
const blocks = css.split(':root').slice(1).map(tokens);

/** By WCAG 2.2: relative luminance, and the ratio of two. */
function luminance(hex: string): number {
  const part = (at: number) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
}
function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

const grounds = ['--ground', '--surface', '--sunken', '--raised'];
const pairs: [string, string][] = [
  ...['--text', '--text-2', '--text-3', '--accent', '--bad'].flatMap((text) =>
    grounds.map((ground): [string, string] => [text, ground]),
  ),
  ['--on-accent', '--accent'],
  ['--on-accent', '--accent-strong'],
  ['--on-bad', '--bad'],
  ['--accent-strong', '--accent-soft'],
  ['--ok', '--ok-soft'],
  ['--warn', '--warn-soft'],
  ['--bad', '--bad-soft'],
];

describe('contrast', () => {
  it('of text is 4.5 : 1 at least, in both themes', () => {
    for (const theme of [blocks[0], blocks.at(-1)]) {
      for (const [text, ground] of pairs) {
        const ratio = contrast(theme?.get(text) ?? '', theme?.get(ground) ?? '');
        expect(ratio, `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      }
    }
  });
  it('of the edges of fields is 3 : 1 at least', () => {
    for (const theme of [blocks[0], blocks.at(-1)]) {
      expect(
        contrast(theme?.get('--line-strong') ?? '', theme?.get('--surface') ?? ''),
      ).toBeGreaterThanOrEqual(3);
    }
  });
  it('is the same whether dark is the system’s or chosen', () => {
    expect(blocks.at(-2)).toEqual(blocks.at(-1));
  });
});
