import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { Dialog } from '../../components/dialog';
import { Select } from '../../components/field';
import { Problem } from '../../components/say';
import { useAction } from '../../hooks/action';
import { NewKeyText } from './new_key_text';

const GRACE = [
  ['0', 'not at all'],
  ['3600000', 'for an hour'],
  ['86400000', 'for a day'],
  ['604800000', 'for a week'],
] as const;

export function RotateKeyDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const [grace, setGrace] = useState<(typeof GRACE)[number][0]>('86400000');
  const [text, setText] = useState('');
  const action = useAction(async () =>
    setText((await call('RotateKey', { name, grace_ms: grace })).key),
  );
  return (
    <Dialog
      title={text ? `${name} has a new text` : `Rotate ${name}`}
      onClose={onClose}
      onSubmit={() => (text ? onClose() : !action.running && action.run())}
      actions={
        <button type="submit" class="button primary" disabled={action.running}>
          {text ? 'Done' : 'Rotate'}
        </button>
      }
    >
      {text ? (
        <NewKeyText text={text} />
      ) : (
        <>
          <p>The key stays what it is, with another text.</p>
          <Select
            label="The text before counts as well"
            value={grace}
            options={GRACE}
            onChange={setGrace}
          />
          {action.error && <Problem error={action.error} />}
        </>
      )}
    </Dialog>
  );
}
