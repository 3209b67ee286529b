import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = new URL('../src', import.meta.url).pathname;
const files = readdirSync(source, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.css'))
  .map((name): [string, string] => [name, readFileSync(join(source, name), 'utf8')]);

/** Selectors and declarations of a style sheet, those within @media as well. */
function rules(css: string): { selector: string; body: string }[] {
  const plain = css.replace(/\/\*.*?\*\//gs, '');
  return [...plain.matchAll(/([^{};]+)\{([^{}]*)\}/g)].map(([, selector = '', body = '']) => ({
    selector: selector.trim(),
    body,
  }));
}

describe('styles', () => {
  it('are found', () => {
    expect(files.length).toBeGreaterThan(10);
  });

  // What is red at rest has lost the class that says why.
  it.each(files)('%s: only what is said to be bad has the colour of it', (_, css) => {
    const bad = rules(css)
      .filter(({ body }) => /(^|[\s;])color: var\(--bad\)/.test(body))
      .flatMap(({ selector }) => selector.split(',').map((each) => each.trim()))
      .filter((each) => !/bad|fail|wrong|error|invalid|removed|problem|span-message/.test(each));
    expect(bad).toEqual([]);
  });
});
