// Text to take along: a command, a key, an id.
import { useState } from 'preact/hooks';
import { Icon } from './icon';
import { toast } from './toast';

/** The clipboard is there on https and localhost alone; elsewhere the text is selected by hand. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    toast('The browser does not permit copying here. Select the text and copy it.', 'warn');
    return false;
  }
}

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    if (!(await copyText(text))) return;
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return (
    <button type="button" class="button ghost icon-only" onClick={copy} title={label}>
      <Icon name={done ? 'check' : 'copy'} />
      <span class="only-read" aria-live="polite">
        {done ? 'Copied' : label}
      </span>
    </button>
  );
}

/** A line for a terminal, with a button that copies it. */
export function Command({ text }: { text: string }) {
  return (
    <div class="command">
      <code>{text}</code>
      <CopyButton text={text} label="Copy the command" />
    </div>
  );
}

/** A longer text, as it is. */
export function CodeBlock({ text, label }: { text: string; label?: string }) {
  return (
    <section class="code-block" aria-label={label}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
      <CopyButton text={text} />
    </section>
  );
}
