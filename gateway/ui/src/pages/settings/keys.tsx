// Keys: who may call and manage, and how much at a time.
import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import type { KeyInfo } from '../../api/gen/v1';
import { Badge } from '../../components/badge';
import { Confirm } from '../../components/confirm';
import { Icon } from '../../components/icon';
import { Empty, Loaded } from '../../components/say';
import { Table } from '../../components/table';
import { Ago } from '../../components/time';
import { toast } from '../../components/toast';
import { usePoll } from '../../hooks/poll';
import { moment, num, short } from '../../lib/format';
import { CreateKeyDialog } from './create_key';
import { RotateKeyDialog } from './rotate_key';

type Asked = { kind: 'create' } | { kind: 'rotate' | 'revoke'; name: string };

export function Keys() {
  const [asked, setAsked] = useState<Asked>();
  const keys = usePoll((signal) => call('ListKeys', {}, { signal }), 15_000, []);
  const close = () => {
    setAsked(undefined);
    keys.again();
  };
  return (
    <section class="panel flush" aria-label="Keys">
      <header>
        <h2>Keys</h2>
        <button type="button" class="button primary" onClick={() => setAsked({ kind: 'create' })}>
          <Icon name="plus" /> New key
        </button>
      </header>
      <div class={keys.data ? '' : 'padded'}>
        <Loaded
          data={keys.data}
          error={keys.error}
          again={keys.again}
          what="Keys could not be read."
        >
          {(answer) =>
            answer.keys.length === 0 ? (
              <Empty icon="key" title="No key yet" command="chains keys create NAME">
                Whoever calls a chain needs one.
              </Empty>
            ) : (
              <KeyTable keys={answer.keys} ask={setAsked} />
            )
          }
        </Loaded>
      </div>
      {asked?.kind === 'create' && <CreateKeyDialog onClose={close} />}
      {asked?.kind === 'rotate' && <RotateKeyDialog name={asked.name} onClose={close} />}
      {asked?.kind === 'revoke' && (
        <Confirm
          title={`Revoke ${asked.name}`}
          verb="Revoke"
          danger
          onClose={close}
          act={async () => {
            await call('RevokeKey', { name: asked.name });
            toast(`${asked.name} counts no more`);
          }}
        >
          <p>
            Requests with it are refused from now on. This cannot be undone; a new key has another
            text.
          </p>
        </Confirm>
      )}
    </section>
  );
}

function KeyTable({ keys, ask }: { keys: KeyInfo[]; ask: (asked: Asked) => void }) {
  return (
    <Table
      caption="Keys"
      rows={keys}
      keyOf={(key) => key.name}
      columns={[
        { head: 'Name', cell: (key) => <strong>{key.name}</strong> },
        { head: 'Begins with', wide: true, cell: (key) => <code>{key.prefix}…</code> },
        { head: 'May', cell: (key) => <Scopes of={key} /> },
        { head: 'Limits', cell: (key) => limitsOf(key) },
        { head: 'Ends', number: true, cell: (key) => <Ends of={key} /> },
        { head: 'Made', number: true, wide: true, cell: (key) => <Ago at={key.created_unix_ms} /> },
        {
          head: 'Actions',
          quiet: true,
          cell: (key) => (
            <div class="row key-actions">
              <button
                type="button"
                class="button"
                onClick={() => ask({ kind: 'rotate', name: key.name })}
              >
                Rotate<span class="only-read"> {key.name}</span>
              </button>
              <button
                type="button"
                class="button ghost"
                onClick={() => ask({ kind: 'revoke', name: key.name })}
              >
                Revoke<span class="only-read"> {key.name}</span>
              </button>
            </div>
          ),
        },
      ]}
    />
  );
}

function Scopes({ of }: { of: KeyInfo }) {
  if (of.scopes.includes('KEY_SCOPE_MANAGE')) return <Badge tone="accent">manage</Badge>;
  return <span>call {of.chains.length > 0 ? of.chains.join(', ') : 'all chains'}</span>;
}

/** "50/s, 20 at a time (only counted)". */
export function limitsOf({ limits }: KeyInfo): string {
  if (!limits) return 'none';
  const parts = [
    limits.requests_per_second > 0 ? `${short(limits.requests_per_second)}/s` : '',
    limits.burst > 0 ? `${limits.burst} at once` : '',
    limits.max_in_flight > 0 ? `${limits.max_in_flight} in flight` : '',
    limits.priority_ceiling != null && limits.priority_ceiling !== 4
      ? `priority ≤ ${limits.priority_ceiling}`
      : '',
  ].filter((part) => part !== '');
  if (parts.length === 0) return 'none';
  return parts.join(', ') + (limits.dry_run ? ' (only counted)' : '');
}

function Ends({ of }: { of: KeyInfo }) {
  const at = num(of.expires_unix_ms);
  if (!(at > 0)) return <span class="muted">never</span>;
  if (at < Date.now()) return <Badge tone="bad">ended</Badge>;
  return <span>{moment(at)}</span>;
}
