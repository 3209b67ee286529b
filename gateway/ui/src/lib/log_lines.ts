// Log lines as they come: the last ones are kept, and of these those shown that a filter lets pass.

import type { LogLine } from '../api/gen/v1';

export interface LogFilter {
  level: string; // this one and above; empty: all
  chainlet: string;
  replica: string;
  text: string; // in the message or a field's value, whatever the case: as the platform has it
  traceId: string;
  requestId: string;
}

export const NO_FILTER: LogFilter = {
  level: '',
  chainlet: '',
  replica: '',
  text: '',
  traceId: '',
  requestId: '',
};

export const LEVELS = ['debug', 'info', 'warning', 'error'];

// What a process wrote without a form has no level: nobody knows how much it matters, so that it counts
// as information.
export function severity(level: string): number {
  const found = LEVELS.indexOf(level);
  return found < 0 ? LEVELS.indexOf('info') : found;
}

export function passes(line: LogLine, filter: LogFilter): boolean {
  if (filter.level !== '' && severity(line.level) < severity(filter.level)) return false;
  if (
    filter.chainlet !== '' &&
    !line.chainlet.split('+').some((each) => isNamed(each, filter.chainlet))
  )
    return false;
  if (filter.replica !== '' && line.replica !== filter.replica) return false;
  if (filter.traceId !== '' && line.trace_id !== filter.traceId) return false;
  if (filter.requestId !== '' && line.request_id !== filter.requestId) return false;
  return filter.text === '' || textOf(line).includes(filter.text.toLowerCase());
}

// "SayHello" or "hello.SayHello".
function isNamed(chainlet: string, wanted: string): boolean {
  return chainlet === wanted || chainlet.endsWith(`.${wanted}`) || wanted.endsWith(`.${chainlet}`);
}

function textOf(line: LogLine): string {
  return [line.message, ...Object.values(line.fields ?? {})].join('\n').toLowerCase();
}

/** What was typed: an id of a trace or of a request is looked for as such. */
export function asFilter(text: string, filter: LogFilter): LogFilter {
  const said = text.trim();
  if (/^[0-9a-f]{32}$/.test(said)) return { ...filter, text: '', traceId: said };
  if (/^([0-9a-f]{16}|req_[0-9a-f]{32})$/.test(said))
    return { ...filter, text: '', requestId: said };
  return { ...filter, text };
}

export interface Kept {
  number: number; // from 1, as it came: a key that stays
  line: LogLine;
}

/** The last `most` lines; what passes is kept up to date, so that a batch costs what is new in it. */
export class LogLines {
  private kept: Kept[] = [];
  private passing: Kept[] = [];
  private filter = NO_FILTER;
  private count = 0;

  constructor(private readonly most = 20_000) {}

  add(lines: readonly LogLine[]): void {
    const fresh = lines.map((line) => ({ number: ++this.count, line }));
    this.kept.push(...fresh);
    this.passing.push(...fresh.filter((each) => passes(each.line, this.filter)));
    // A quarter more, so that not every batch moves all.
    if (this.kept.length <= this.most * 1.25) return;
    this.kept = this.kept.slice(-this.most);
    const oldest = this.kept[0]!.number;
    const start = this.passing.findIndex((each) => each.number >= oldest);
    this.passing = start < 0 ? [] : this.passing.slice(start);
  }

  select(filter: LogFilter): void {
    this.filter = filter;
    this.passing = this.kept.filter((each) => passes(each.line, filter));
  }

  clear(): void {
    this.kept = [];
    this.passing = [];
  }

  /** Oldest first. Valid until the next call of add, select or clear. */
  get shown(): readonly Kept[] {
    return this.passing;
  }

  get size(): number {
    return this.kept.length;
  }

  /** How many came in all. */
  get seen(): number {
    return this.count;
  }
}
