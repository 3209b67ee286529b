// A question in front of the page: the browser's <dialog>, which keeps the focus inside, closes by
// Escape, and gives the focus back to what opened it.
//
//   {open && <Dialog title="Roll back" onClose={close} actions={<button …>Roll back</button>}>…</Dialog>}
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Icon } from './icon';

export interface DialogProps {
  title: string;
  onClose: () => void;
  /** Called by Enter in a field and by a button of type submit among the actions. */
  onSubmit?: () => void;
  actions?: ComponentChildren;
  wide?: boolean;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, onSubmit, actions, wide, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();

  useEffect(() => {
    const opener = document.activeElement;
    ref.current?.showModal();
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);

  return (
    <dialog
      ref={ref}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit?.();
        }}
      >
        <header>
          <h2 id={heading}>{title}</h2>
          <button type="button" class="button ghost icon-only" onClick={onClose}>
            <Icon name="close" />
            <span class="only-read">Close</span>
          </button>
        </header>
        <div class="dialog-body stack">{children}</div>
        {actions && <footer>{actions}</footer>}
      </form>
    </dialog>
  );
}
