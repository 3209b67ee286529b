import { useState } from 'preact/hooks';
import { refreshList } from '../../api/chains';
import { call } from '../../api/client';
import { Dialog } from '../../components/dialog';
import { Field } from '../../components/field';
import { Problem } from '../../components/say';
import { toast } from '../../components/toast';
import { useAction } from '../../hooks/action';

export function NewEnvironmentDialog({ chain, onClose }: { chain: string; onClose: () => void }) {
  const [name, setName] = useState('');
  const action = useAction(async () => {
    await call('CreateEnvironment', { chain, name: name.trim() });
    toast(`${chain} has ${name.trim()}`);
    refreshList().catch(() => undefined);
    onClose();
  });
  return (
    <Dialog
      title={`New environment of ${chain}`}
      onClose={onClose}
      onSubmit={() => name.trim() && !action.running && action.run()}
      actions={
        <>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button primary" disabled={!name.trim() || action.running}>
            Create
          </button>
        </>
      }
    >
      <Field label="Name" hint="It becomes part of the address: /chains/CHAIN/NAME.">
        {(control) => (
          <input
            {...control}
            required
            autocomplete="off"
            spellcheck={false}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
      {action.error && <Problem error={action.error} />}
    </Dialog>
  );
}
