// The question for a key. It goes to the gateway once and lives in a cookie that scripts cannot read.
import { useState } from 'preact/hooks';
import { signIn } from '../api/session';
import { useAction } from '../hooks/action';
import { Command } from './copy';
import { Field } from './field';
import { Icon } from './icon';
import { Problem } from './say';

export function SignIn() {
  const [key, setKey] = useState('');
  const action = useAction(() => signIn(key.trim()));
  return (
    <main class="alone">
      <form
        class="panel stack"
        onSubmit={(event) => {
          event.preventDefault();
          action.run();
        }}
      >
        <div class="row">
          <span class="brand-mark">
            <Icon name="chains" size={22} />
          </span>
          <h1>Sign in to Chains</h1>
        </div>
        <Field label="API key" hint="It is kept in a cookie of this gateway for 12 hours.">
          {(control) => (
            <input
              {...control}
              type="password"
              autocomplete="current-password"
              spellcheck={false}
              required
              value={key}
              onInput={(event) => setKey(event.currentTarget.value)}
            />
          )}
        </Field>
        {action.error && <Problem error={action.error} />}
        <button type="submit" class="button primary" disabled={action.running || key.trim() === ''}>
          {action.running ? 'Signing in' : 'Sign in'}
        </button>
        <div class="stack tight small muted">
          <p>No key yet? One that manages makes another:</p>
          <Command text="chains keys create NAME --scope manage" />
        </div>
      </form>
    </main>
  );
}
