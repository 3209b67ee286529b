// Keys, secrets, the audit, and log levels.
import type { AuditEntry, CreateKeyRequest, KeyInfo, LogLevel } from '../src/api/gen/v1';
import { find } from './deployments';
import { Refusal } from './http';
import type { Handler } from './methods';

const DAY = 86_400_000;
const now = Date.now();

function key(name: string, more: Partial<KeyInfo> = {}): KeyInfo {
  return {
    name,
    scopes: ['KEY_SCOPE_INVOKE'],
    created_unix_ms: String(now - 40 * DAY),
    prefix: `ck_${name.slice(0, 3)}`,
    chains: [],
    expires_unix_ms: '0',
    rotated_unix_ms: '0',
    previous_until_unix_ms: '0',
    ...more,
  };
}

const limits = {
  requests_per_second: 50,
  burst: 100,
  max_in_flight: 20,
  priority_ceiling: 4,
  dry_run: false,
};
const keys: KeyInfo[] = [
  key('admin', { scopes: ['KEY_SCOPE_MANAGE'] }),
  key('partner', { chains: ['hello'], limits, expires_unix_ms: String(now + 12 * DAY) }),
  key('batch', {
    limits: { ...limits, dry_run: true, requests_per_second: 5 },
    rotated_unix_ms: String(now - DAY),
    previous_until_unix_ms: String(now + DAY),
  }),
];
const entries: AuditEntry[] = [];
const secrets = [{ name: 'hub-token', set_unix_ms: String(now - 9 * DAY) }];
const levels = new Map<string, string>();

export function audit(method: string, request: unknown, code = 'OK', message = ''): void {
  entries.push({
    time_unix_ms: String(Date.now()),
    who: 'admin',
    method,
    request: JSON.stringify(request),
    code,
    message,
  });
}
audit('CreateKey', { name: 'partner', scopes: ['KEY_SCOPE_INVOKE'] });
audit('Promote', { deployment: 'h2m4x7', environment: 'production' });
audit(
  'Delete',
  { deployment: 'h2m4x7' },
  'FAILED_PRECONDITION',
  'h2m4x7: production points at it. Promote another first.',
);

function known(name: string): KeyInfo {
  const found = keys.find((one) => one.name === name);
  if (!found) throw new Refusal('NOT_FOUND', `There is no key ${name}.`);
  return found;
}

export const keyMethods: Record<string, Handler> = {
  ListKeys: () => ({ keys }),
  CreateKey: (request: CreateKeyRequest) => {
    if (!request.name) throw new Refusal('INVALID_ARGUMENT', 'name: a key needs one.');
    if (keys.some((one) => one.name === request.name))
      throw new Refusal('ALREADY_EXISTS', `There is a key ${request.name} already.`);
    const { expires_in_ms, ...rest } = request;
    const expires = Number(expires_in_ms ?? 0);
    const made = key(request.name, {
      ...rest,
      created_unix_ms: String(Date.now()),
      expires_unix_ms: expires ? String(Date.now() + expires) : '0',
    });
    if (!made.scopes?.length) made.scopes = ['KEY_SCOPE_INVOKE'];
    keys.push(made);
    audit('CreateKey', request);
    return { info: made, key: `ck_${request.name}_3vJ8qT0sXw5nB2mZ7kLd` };
  },
  RevokeKey: ({ name }) => {
    keys.splice(keys.indexOf(known(name)), 1);
    audit('RevokeKey', { name });
    return {};
  },
  RotateKey: ({ name, grace_ms = '0' }) => {
    const one = known(name);
    one.rotated_unix_ms = String(Date.now());
    one.previous_until_unix_ms = Number(grace_ms) ? String(Date.now() + Number(grace_ms)) : '0';
    audit('RotateKey', { name });
    return { info: one, key: `ck_${name}_9hR4bN6yPz1cV8wQ5tGe` };
  },
  ReadAudit: ({ limit = 100 }) => ({ entries: entries.slice(-limit) }),
  ListSecrets: () => ({ secrets }),
  SetSecret: ({ name }) => {
    secrets.push({ name, set_unix_ms: String(Date.now()) });
    return {};
  },
  DeleteSecret: ({ name }) => {
    secrets.splice(
      secrets.findIndex((one) => one.name === name),
      1,
    );
    return {};
  },
  SetLogLevel: ({ of, chainlet = '', level = '' }) => {
    if (level && !['debug', 'info', 'warning', 'error'].includes(level)) {
      throw new Refusal(
        'INVALID_ARGUMENT',
        `'${level}' is no level: debug, info, warning or error.`,
      );
    }
    const deployment = find(of);
    const out: LogLevel[] = deployment.chainlets.map((one) => {
      const id = `${deployment.id}/${one.chainlet}`;
      if (!chainlet || one.chainlet.endsWith(chainlet)) levels.set(id, level || 'info');
      return { chainlet: one.chainlet, level: levels.get(id) ?? 'info' };
    });
    audit('SetLogLevel', { chainlet, level });
    return { levels: out };
  },
};
