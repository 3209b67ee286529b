import { useState } from 'preact/hooks';
import { list } from '../../api/chains';
import { call } from '../../api/client';
import { chainNames } from '../../api/target';
import { Dialog } from '../../components/dialog';
import { Checkbox, Field, Select } from '../../components/field';
import { Problem } from '../../components/say';
import { useAction } from '../../hooks/action';
import { NewKeyText } from './new_key_text';

const DAY_MS = 86_400_000;
const START = {
  name: '',
  scope: 'KEY_SCOPE_INVOKE',
  chain: '',
  days: '',
  rate: '',
  flight: '',
  dry: false,
};

export function CreateKeyDialog({ onClose }: { onClose: () => void }) {
  const [form, setForm] = useState(START);
  const [text, setText] = useState('');
  const set = (change: Partial<typeof START>) => setForm({ ...form, ...change });
  const invokes = form.scope === 'KEY_SCOPE_INVOKE';
  const wrong = [form.days, form.rate, form.flight].some(
    (value) => value !== '' && !(Number(value) > 0),
  );
  const action = useAction(async () => {
    const limits = {
      requests_per_second: Number(form.rate),
      max_in_flight: Number(form.flight),
      dry_run: form.dry,
    };
    const made = await call('CreateKey', {
      name: form.name.trim(),
      scopes: [invokes ? 'KEY_SCOPE_INVOKE' : 'KEY_SCOPE_MANAGE'],
      chains: invokes && form.chain ? [form.chain] : [],
      expires_in_ms: String(Math.round(Number(form.days) * DAY_MS)),
      ...(form.rate || form.flight ? { limits } : {}),
    });
    setText(made.key);
  });
  const input = (label: string, name: 'days' | 'rate' | 'flight', hint: string) => (
    <Field
      label={label}
      hint={hint}
      error={form[name] !== '' && !(Number(form[name]) > 0) ? 'A number above 0' : undefined}
    >
      {(control) => (
        <input
          {...control}
          inputMode="decimal"
          value={form[name]}
          onInput={(event) => set({ [name]: event.currentTarget.value })}
        />
      )}
    </Field>
  );
  return (
    <Dialog
      title={text ? `${form.name} is made` : 'New key'}
      onClose={onClose}
      onSubmit={() =>
        text ? onClose() : form.name.trim() && !wrong && !action.running && action.run()
      }
      actions={
        text ? (
          <button type="submit" class="button primary">
            Done
          </button>
        ) : (
          <>
            <button type="button" class="button" onClick={onClose}>
              Cancel
            </button>
            <button
              type="submit"
              class="button primary"
              disabled={!form.name.trim() || wrong || action.running}
            >
              Create
            </button>
          </>
        )
      }
    >
      {text ? (
        <NewKeyText text={text} />
      ) : (
        <>
          <Field label="Name" hint="Who has it: shown in logs, figures and the audit.">
            {(control) => (
              <input
                {...control}
                required
                autocomplete="off"
                spellcheck={false}
                value={form.name}
                onInput={(event) => set({ name: event.currentTarget.value })}
              />
            )}
          </Field>
          <div class="two">
            <Select
              label="It may"
              value={form.scope}
              options={[
                ['KEY_SCOPE_INVOKE', 'call chains'],
                ['KEY_SCOPE_MANAGE', 'manage everything'],
              ]}
              onChange={(scope) => set({ scope })}
            />
            {invokes && (
              <Select
                label="Chains"
                value={form.chain}
                options={[
                  ['', 'all'],
                  ...(list.value ? chainNames(list.value) : []).map(
                    (name) => [name, name] as const,
                  ),
                ]}
                onChange={(chain) => set({ chain })}
              />
            )}
          </div>
          <div class="two">
            {input('Ends after, days', 'days', 'empty: never')}
            {input('Requests a second', 'rate', 'empty: any number')}
            {input('In flight', 'flight', 'empty: any number')}
          </div>
          <Checkbox
            label="Only count what the limits would refuse"
            checked={form.dry}
            onChange={(dry) => set({ dry })}
          />
          {action.error && <Problem error={action.error} />}
        </>
      )}
    </Dialog>
  );
}
