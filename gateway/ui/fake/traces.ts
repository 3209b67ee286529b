import type { Handler } from './methods';

export const traceMethods: Record<string, Handler> = {};
