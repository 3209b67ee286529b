// Where the page is, in the address behind '#': "#/chain/hello/production/logs?level=error". By hash,
// so that the gateway serves one file whatever page it is, and so that back and forward work.
//
//   const place = where.value;               // { path, query }
//   match('/chain/:chain/:target', path)     // { chain: 'hello', target: 'production' }
//   go(link('/chain', 'hello', 'production'), { level: 'error' })
import { signal } from '@preact/signals';

export interface Place {
  path: string;
  query: URLSearchParams;
}

export function parse(hash: string): Place {
  const text = hash.replace(/^#/, '');
  const cut = text.indexOf('?');
  const path = cut < 0 ? text : text.slice(0, cut);
  return {
    path: path.startsWith('/') ? path : '/',
    query: new URLSearchParams(cut < 0 ? '' : text.slice(cut + 1)),
  };
}

export const where = signal<Place>(parse(typeof location === 'undefined' ? '' : location.hash));

/** The parts that `pattern` names with ':', decoded; undefined where `path` is another page's. */
export function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const found = path.replace(/\/$/, '').split('/');
  if (wanted.length !== found.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const is = found[i] ?? '';
    if (part.startsWith(':')) {
      if (is === '') return undefined;
      try {
        params[part.slice(1)] = decodeURIComponent(is);
      } catch {
        return undefined;
      }
    } else if (part !== is) return undefined;
  }
  return params;
}

/** A path of `first`, as it is, and `rest`, encoded. */
export function link(first: string, ...rest: string[]): string {
  return [first, ...rest.map(encodeURIComponent)].join('/');
}

/** For an <a href>. Values that are empty are left out. */
export function href(path: string, query: Record<string, string | undefined> = {}): string {
  const set = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1]);
  return `#${path}${set.length > 0 ? `?${new URLSearchParams(set)}` : ''}`;
}

export function go(path: string, query: Record<string, string | undefined> = {}): void {
  location.hash = href(path, query);
}

/** Changes the query of the page that is shown, without a step for "back". */
export function setQuery(query: Record<string, string | undefined>): void {
  const merged = { ...Object.fromEntries(where.value.query), ...query };
  history.replaceState(null, '', href(where.value.path, merged));
  where.value = parse(location.hash);
}

export function startRouter(): void {
  addEventListener('hashchange', () => {
    where.value = parse(location.hash);
  });
}
