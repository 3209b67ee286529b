// Who uses the page. The key itself is in a cookie that no script can read.
import { signal } from '@preact/signals';
import { failureOf, pageUrl, send, whenSignedOut } from './client';
import { type ApiError, asApiError } from './errors';

export interface Session {
  /** The key's name; empty where nobody is asked for one. */
  name: string;
  /** "invoke", "manage". */
  scopes: string[];
  /** Whether there is a platform behind the gateway: without one there are only calls. */
  platform: boolean;
  /** Nobody is asked for a key. */
  open: boolean;
}

export type SessionState =
  | { kind: 'unknown' }
  | { kind: 'signed out' }
  | { kind: 'signed in'; session: Session }
  | { kind: 'failed'; error: ApiError };

export const session = signal<SessionState>({ kind: 'unknown' });

whenSignedOut(() => {
  if (session.value.kind === 'signed in') session.value = { kind: 'signed out' };
});

export function mayManage(): boolean {
  const now = session.value;
  return now.kind === 'signed in' && (now.session.open || isManager(now.session.scopes));
}

function isManager(scopes: string[]): boolean {
  return scopes.some((scope) => /manage$/i.test(scope));
}

export async function loadSession(): Promise<void> {
  try {
    const response = await send(pageUrl('session'));
    if (response.status === 401) session.value = { kind: 'signed out' };
    else if (!response.ok) throw await failureOf(response);
    else session.value = { kind: 'signed in', session: (await response.json()) as Session };
  } catch (thrown) {
    session.value = { kind: 'failed', error: asApiError(thrown) };
  }
}

/** Throws ApiError where the key does not count. */
export async function signIn(key: string): Promise<void> {
  try {
    const response = await send(pageUrl('login'), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ key }),
    });
    if (!response.ok) throw await failureOf(response);
  } catch (thrown) {
    throw asApiError(thrown);
  }
  await loadSession();
}

export async function signOut(): Promise<void> {
  await send(pageUrl('logout'), { method: 'POST' }).catch(() => undefined);
  session.value = { kind: 'signed out' };
}
