// Short news at the lower edge: "hello is promoted". Gone after a while, or by its button; failures
// stay until they are closed. Say failures in place, with Problem, where there is one.
import { signal } from '@preact/signals';
import { Icon } from './icon';

type Kind = 'ok' | 'warn' | 'bad';
interface Toast {
  id: number;
  text: string;
  kind: Kind;
}

const toasts = signal<Toast[]>([]);
let last = 0;

export function toast(text: string, kind: Kind = 'ok'): void {
  const id = ++last;
  toasts.value = [...toasts.value.slice(-3), { id, text, kind }];
  if (kind !== 'bad') setTimeout(() => dismiss(id), 6000);
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text, kind }) => (
        <div key={id} class={`toast ${kind}`}>
          <Icon name={kind === 'ok' ? 'check' : 'warning'} />
          <span>{text}</span>
          <button type="button" class="button ghost icon-only" onClick={() => dismiss(id)}>
            <Icon name="close" />
            <span class="only-read">Close</span>
          </button>
        </div>
      ))}
    </div>
  );
}
