// What there is on the platform, once for the whole page: navigation, menus and pages read it here.
import { signal } from '@preact/signals';
import { call } from './client';
import { type ApiError, asApiError } from './errors';
import type { AboutResponse, ListResponse } from './gen/v1';

export const list = signal<ListResponse | undefined>(undefined);
export const listError = signal<ApiError | undefined>(undefined);
export const about = signal<AboutResponse | undefined>(undefined);

/** Asks for it anew: after a change, and every few seconds by Shell. */
export async function refreshList(abort?: AbortSignal): Promise<ListResponse> {
  try {
    const answer = await call('List', {}, { signal: abort });
    list.value = answer;
    listError.value = undefined;
    return answer;
  } catch (thrown) {
    if (!abort?.aborted) listError.value = asApiError(thrown);
    throw thrown;
  }
}

export async function loadAbout(): Promise<void> {
  about.value = await call('About', {}).catch(() => undefined);
}
