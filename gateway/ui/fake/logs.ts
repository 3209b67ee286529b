import type { Handler } from './methods';

export const logMethods: Record<string, Handler> = {};
