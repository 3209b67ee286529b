// A question with one answer: what is to happen, and its button.
import type { ComponentChildren } from 'preact';
import { useAction } from '../hooks/action';
import { Dialog } from './dialog';
import { Problem } from './say';

export function Confirm(props: {
  title: string;
  verb: string;
  danger?: boolean;
  act: () => Promise<unknown>;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const action = useAction(async () => {
    await props.act();
    props.onClose();
  });
  return (
    <Dialog
      title={props.title}
      onClose={props.onClose}
      onSubmit={() => !action.running && action.run()}
      actions={
        <>
          <button type="button" class="button" onClick={props.onClose}>
            Cancel
          </button>
          <button
            type="submit"
            class={props.danger ? 'button danger' : 'button primary'}
            disabled={action.running}
          >
            {props.verb}
          </button>
        </>
      }
    >
      <div>{props.children}</div>
      {action.error && <Problem error={action.error} />}
    </Dialog>
  );
}
