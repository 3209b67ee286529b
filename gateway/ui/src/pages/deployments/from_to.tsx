// "production: h2m4x7 → h3k9d2"
import { Icon } from '../../components/icon';

export function FromTo({ from, to, where }: { from: string; to: string; where: string }) {
  return (
    <p class="from-to">
      <span class="muted">{where}</span>
      <code>{from || 'nothing'}</code>
      <Icon name="right" />
      <span class="only-read">to</span>
      <code>{to}</code>
      {from === to && <span class="muted">It points there already.</span>}
    </p>
  );
}
