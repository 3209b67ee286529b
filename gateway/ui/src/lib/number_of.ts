// Numbers that are typed, as JSON has them.
import type { Json } from './json';

/** What is a number, as one, if it keeps all of its digits; else as it was typed. */
export function numberOf(text: string): Json | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const is = Number(trimmed);
  const isExact = Number.isFinite(is) && (!Number.isInteger(is) || Number.isSafeInteger(is));
  return isExact && /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(trimmed) ? is : trimmed;
}
