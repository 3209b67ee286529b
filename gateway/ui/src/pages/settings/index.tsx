// Settings of the platform: keys and their limits, and who changed what.
import { href } from '../../router';
import type { PageProps } from '../registry';
import { Audit } from './audit';
import { Keys } from './keys';
import './settings.css';

const TABS = [
  ['', 'Keys'],
  ['audit', 'Audit'],
] as const;

export default function SettingsPage({ query }: PageProps) {
  const tab = query.get('tab') ?? '';
  return (
    <>
      <nav class="tabs" aria-label="Settings">
        {TABS.map(([id, text]) => (
          <a
            key={id}
            href={href('/settings', { tab: id })}
            aria-current={tab === id ? 'page' : undefined}
          >
            {text}
          </a>
        ))}
      </nav>
      {tab === 'audit' ? <Audit /> : <Keys />}
    </>
  );
}
