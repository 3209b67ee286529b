// Platform's methods by name. Each folder of pages has a file here with what it needs.

import { deploymentMethods } from './deployments';
import { failure, json, Refusal, streamed } from './http';
import { keyMethods } from './keys';
import { logMethods } from './logs';
import { measureMethods } from './measure';
import { recordingMethods } from './recordings';
import { traceMethods } from './traces';

/** Answers a value, or many for a stream. Throws Refusal. */
// biome-ignore lint/suspicious/noExplicitAny: requests are what a test sends
export type Handler = (request: any, signal: AbortSignal) => unknown | AsyncIterable<unknown>;

const methods: Record<string, Handler> = {
  ...deploymentMethods,
  ...keyMethods,
  ...logMethods,
  ...measureMethods,
  ...recordingMethods,
  ...traceMethods,
};

/** Methods that fail with UNAVAILABLE: for tests, and ?fail=Measure in a page's address is not it. */
export const broken = new Set<string>();

export async function callMethod(name: string, request: Request): Promise<Response> {
  const handler = methods[name];
  if (!handler) return failure('UNIMPLEMENTED', `Platform has no method ${name}.`);
  if (broken.has(name)) return failure('UNAVAILABLE', `${name}: the platform does not answer.`);
  try {
    const text = await request.text();
    const answer = await handler(text ? JSON.parse(text) : {}, request.signal);
    return isStream(answer) ? streamed(answer) : json(answer);
  } catch (thrown) {
    if (thrown instanceof Refusal) return failure(thrown.code, thrown.message);
    throw thrown;
  }
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
