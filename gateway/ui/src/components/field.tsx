// A label, what it labels, a hint, and what is wrong with it, tied together for screen readers.
//
//   <Field label="Name" hint="Letters and digits" error={wrong}>
//     {(props) => <input {...props} value={name} onInput={…} />}
//   </Field>
import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';

export interface FieldControl {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': boolean | undefined;
}

export function Field(props: {
  label: string;
  hint?: ComponentChildren;
  error?: string;
  children: (control: FieldControl) => JSX.Element;
}) {
  const id = useId();
  const note = props.error ?? props.hint;
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      {props.children({
        id,
        'aria-describedby': note ? `${id}-note` : undefined,
        'aria-invalid': props.error ? true : undefined,
      })}
      {note && (
        <p id={`${id}-note`} class={props.error ? 'field-note wrong' : 'field-note'}>
          {note}
        </p>
      )}
    </div>
  );
}

export function Select<T extends string>(props: {
  label: string;
  value: T;
  options: readonly (readonly [value: T, text: string])[];
  onChange: (value: T) => void;
  /** The label is for screen readers alone. */
  quiet?: boolean;
}) {
  const id = useId();
  return (
    <div class={props.quiet ? 'field inline' : 'field'}>
      <label for={id} class={props.quiet ? 'only-read' : ''}>
        {props.label}
      </label>
      <select
        id={id}
        value={props.value}
        onChange={(event) => props.onChange(event.currentTarget.value as T)}
      >
        {props.options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

export function Checkbox(props: {
  label: ComponentChildren;
  checked: boolean;
  onChange: (checked: boolean) => void;
}) {
  return (
    <label class="checkbox">
      <input
        type="checkbox"
        checked={props.checked}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      <span>{props.label}</span>
    </label>
  );
}
