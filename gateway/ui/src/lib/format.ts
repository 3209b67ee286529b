// Figures as people read them: three digits at most, a narrow space before the unit, and a dash where
// there is nothing to say. All take what the API gives (64-bit numbers come as strings).

const NONE = '–';
const GAP = '\u202f'; // narrow, and no line is broken at it

export type Figure = number | string | undefined | null;

/** Not a number, or absent: NaN. */
export function num(value: Figure): number {
  return value === undefined || value === null || value === '' ? Number.NaN : Number(value);
}

/** Three digits: 0.12, 1.23, 12.3, 123, 1.23k, 4.5M. */
export function short(value: Figure): string {
  const is = num(value);
  if (!Number.isFinite(is)) return NONE;
  const size = Math.abs(is);
  if (size === 0) return '0';
  if (size < 0.005) return is < 0 ? '>-0.01' : '<0.01';
  if (size < 999.5) return trim(is, size);
  for (const [unit, letter] of [
    [1e3, 'k'],
    [1e6, 'M'],
    [1e9, 'G'],
  ] as const) {
    if (size < unit * 999.5) return trim(is / unit, size / unit) + letter;
  }
  return `${trim(is / 1e12, size / 1e12)}T`;
}

function trim(is: number, size: number): string {
  const digits = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  const text = is.toFixed(digits);
  return digits === 0 ? text : text.replace(/\.?0+$/, '');
}

/** A time in milliseconds: 340 µs, 1.2 ms, 12 ms, 1.25 s, 2 min 5 s. Below 0: of none. */
export function ms(value: Figure): string {
  const is = num(value);
  if (!Number.isFinite(is) || is < 0) return NONE;
  if (is === 0) return `0${GAP}ms`;
  if (is < 0.9995) return `${Math.max(1, Math.round(is * 1000))}${GAP}µs`;
  if (is < 999.5) return `${trim(is, is)}${GAP}ms`;
  if (is < 59_995) return `${trim(is / 1000, is / 1000)}${GAP}s`;
  return duration(is);
}

/** The same of microseconds. */
export function us(value: Figure): string {
  return ms(num(value) / 1000);
}

/** A long time in milliseconds, in its two largest units: 2 min 5 s, 3 h 20 min, 5 d 4 h. */
export function duration(value: Figure): string {
  const is = num(value);
  if (!Number.isFinite(is) || is < 0) return NONE;
  const s = Math.floor(is / 1000);
  const parts: [number, string][] = [
    [Math.floor(s / 86400), 'd'],
    [Math.floor(s / 3600) % 24, 'h'],
    [Math.floor(s / 60) % 60, 'min'],
    [s % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return `0${GAP}s`;
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${GAP}${unit}`)
    .join(' ');
}

/** Calls a second. */
export function rate(value: Figure): string {
  const text = short(value);
  return text === NONE ? text : `${text}/s`;
}

/** `part` of `whole`: 0 %, <0.1 %, 1.5 %, 12 %. A dash where there is no whole. */
export function share(part: Figure, whole: Figure): string {
  const of = num(whole);
  const is = num(part);
  if (!(of > 0) || !Number.isFinite(is)) return NONE;
  return percent((100 * is) / of);
}

export function percent(value: Figure): string {
  const is = num(value);
  if (!Number.isFinite(is)) return NONE;
  if (is > 0 && is < 0.1) return `<0.1${GAP}%`;
  return `${Number(is.toFixed(is < 9.95 ? 1 : 0))}${GAP}%`;
}

/** 512 B, 1.5 KiB, 24 MiB. */
export function bytes(value: Figure): string {
  let is = num(value);
  if (!Number.isFinite(is)) return NONE;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (is < 1023.5) return `${unit === 'B' ? is : trim(is, is)}${GAP}${unit}`;
    is /= 1024;
  }
  return `${trim(is, is)}${GAP}TiB`;
}

/** How long ago: "now", "12 s ago", "3 min ago", "5 d ago". */
export function ago(unixMs: Figure, nowMs: number): string {
  const is = num(unixMs);
  if (!(is > 0)) return NONE;
  const s = Math.round((nowMs - is) / 1000);
  if (s < 2) return 'now';
  const [count, unit] =
    s < 60 ? [s, 's'] : s < 3600 ? [s / 60, 'min'] : s < 86400 ? [s / 3600, 'h'] : [s / 86400, 'd'];
  return `${Math.floor(count)}${GAP}${unit} ago`;
}

/** A moment in full, where the reader is. */
export function moment(unixMs: Figure): string {
  const is = num(unixMs);
  if (!(is > 0)) return NONE;
  return new Date(is).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** "1 replica", "2 replicas". */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${value} ${value === 1 ? one : many}`;
}
