// A gateway with a platform, as far as the page can tell: what arch and gateway/README.md say of /ui/,
// chains.v1.Platform, and chains' own paths. Used by `npm run dev` and by tests:
//
//   globalThis.fetch = fakeFetch;
//
// The key that counts is "fake"; any other is refused. `?fake=open` is not needed: it starts open
// unless FAKE_KEYS=1 is in the environment.

import { chainPath } from './chains';
import { failure, json } from './http';
import { callMethod, type Handler } from './methods';

const keyed = typeof process !== 'undefined' && process.env.FAKE_KEYS === '1';

/** Undefined: the path is none of the API's. */
export async function answer(request: Request): Promise<Response | undefined> {
  const { pathname } = new URL(request.url);
  const ui = /^\/ui\/(session|login|logout|api\/(\w+))$/.exec(pathname);
  if (ui) {
    if (request.headers.get('Chains-UI') !== '1') {
      return failure('PERMISSION_DENIED', 'The header Chains-UI is missing.');
    }
    if (ui[2]) return signedIn(request) ? callMethod(ui[2], request) : unauthenticated();
    return account(ui[1] ?? '', request);
  }
  return chainPath(pathname, request);
}

async function account(what: string, request: Request): Promise<Response> {
  if (what === 'login') {
    const { key } = (await request.json()) as { key?: string };
    if (key !== 'fake') return failure('UNAUTHENTICATED', 'The key is not known here.');
    return new Response(null, {
      status: 204,
      headers: { 'Set-Cookie': 'chains_key=fake; HttpOnly; SameSite=Strict; Path=/' },
    });
  }
  if (what === 'logout') {
    return new Response(null, {
      status: 204,
      headers: { 'Set-Cookie': 'chains_key=; Max-Age=0; Path=/' },
    });
  }
  if (!signedIn(request)) return unauthenticated();
  return json({
    name: keyed ? 'ada' : '',
    scopes: ['manage', 'invoke'],
    platform: true,
    open: !keyed,
  });
}

function signedIn(request: Request): boolean {
  return !keyed || /chains_key=fake/.test(request.headers.get('Cookie') ?? '');
}

function unauthenticated(): Response {
  return failure('UNAUTHENTICATED', 'A key is needed: Authorization: Api-Key KEY.');
}

/** For tests: the API alone, with relative addresses from http://localhost/ui/. */
export async function fakeFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  if (request.signal.aborted) throw new DOMException('left', 'AbortError');
  return (await answer(request)) ?? failure('NOT_FOUND', `${request.url}: nothing is there.`);
}

export type { Handler };
