// The frame of all pages: navigation, the page's place, and what is read out when the page changes.
import { useEffect, useRef, useState } from 'preact/hooks';
import { about, listError, loadAbout, refreshList } from '../api/chains';
import { type Session, signOut } from '../api/session';
import { usePoll } from '../hooks/poll';
import { globalPages } from '../pages/registry';
import { href, where } from '../router';
import { Brand } from './brand';
import { ChainNav } from './chain_nav';
import { Icon } from './icon';
import { Page } from './page';
import { Empty, Stale } from './say';
import { ThemeSwitch } from './theme_switch';

const LIST_EVERY_MS = 5000;

export function Shell({ session }: { session: Session }) {
  const [open, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const path = where.value.path;
  const listed = usePoll((signal) => refreshList(signal), session.platform ? LIST_EVERY_MS : 0, []);
  useEffect(() => {
    loadAbout();
  }, []);

  useEffect(() => {
    const close = (event: KeyboardEvent) => event.key === 'Escape' && setOpen(false);
    addEventListener('keydown', close);
    return () => removeEventListener('keydown', close);
  }, []);

  // A page that was gone to is read from its heading, as if the browser had loaded it.
  const first = useRef(true);
  useEffect(() => {
    setOpen(false);
    if (!first.current) main.current?.querySelector('h1')?.focus({ preventScroll: true });
    if (!first.current) scrollTo(0, 0);
    first.current = false;
  }, [path]);

  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        To the content
      </button>
      <header class="top">
        <Brand />
        <button
          type="button"
          class="button ghost icon-only"
          aria-expanded={open}
          aria-controls="side"
          onClick={() => setOpen(!open)}
        >
          <Icon name={open ? 'close' : 'menu'} />
          <span class="only-read">Menu</span>
        </button>
      </header>
      {open && (
        <button
          type="button"
          class="veil"
          tabIndex={-1}
          aria-hidden="true"
          onClick={() => setOpen(false)}
        />
      )}
      <Side session={session} open={open} />
      <main id="main" ref={main} tabIndex={-1}>
        {listError.value && <Stale error={listError.value} retry={listed.again} />}
        {session.platform ? <Page /> : <NoPlatform />}
      </main>
    </div>
  );
}

function NoPlatform() {
  return (
    <Empty icon="chains" title="This gateway has no platform" command="chains up">
      It has routes of its own. A platform keeps deployments, figures, logs and traces.
    </Empty>
  );
}

function Side({ session, open }: { session: Session; open: boolean }) {
  const path = where.value.path;
  return (
    <aside class={open ? 'side open' : 'side'} id="side" aria-label="Navigation">
      <Brand />
      <nav aria-label="Pages">
        {globalPages
          .filter((page) => page.nav)
          .map((page) => (
            <a
              key={page.path}
              href={href(page.path)}
              aria-current={path === page.path ? 'page' : undefined}
            >
              <Icon name={page.icon} />
              {page.title}
            </a>
          ))}
        <h2>Chains</h2>
        <ChainNav />
      </nav>
      <div class="side-end">
        <ThemeSwitch />
        {about.value && (
          <span class="ellipsis">
            {about.value.fleet} · {about.value.version}
          </span>
        )}
        {session.open ? (
          <span>Nobody is asked for a key here.</span>
        ) : (
          <div class="row apart">
            <span class="ellipsis">{session.name}</span>
            <button type="button" class="link" onClick={signOut}>
              Sign out
            </button>
          </div>
        )}
      </div>
    </aside>
  );
}
