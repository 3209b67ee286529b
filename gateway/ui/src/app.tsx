// Who may see what: signed out, the question for a key; else the shell with the page that is gone to.

import { loadSession, session } from './api/session';
import { Problem } from './components/say';
import { Shell } from './components/shell';
import { SignIn } from './components/sign_in';
import { Toasts } from './components/toast';

export function App() {
  const state = session.value;
  return (
    <>
      {state.kind === 'unknown' && <div class="boot" aria-busy="true" />}
      {state.kind === 'failed' && (
        <main class="alone">
          <Problem error={state.error} retry={loadSession} />
        </main>
      )}
      {state.kind === 'signed out' && <SignIn />}
      {state.kind === 'signed in' && <Shell session={state.session} />}
      <Toasts />
    </>
  );
}
