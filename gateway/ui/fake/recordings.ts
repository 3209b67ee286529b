import type { Handler } from './methods';

export const recordingMethods: Record<string, Handler> = {};
