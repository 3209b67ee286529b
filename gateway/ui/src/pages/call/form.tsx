// A request's fields, as a form. Its state is the request's JSON, so that the form and the JSON view are
// two views of one thing; a field that is not set is not in it.
import { useId } from 'preact/hooks';
import { at, isObject, type Json, type Path, setAt } from '../../lib/json';
import { type Problem, problemsAt } from '../../lib/problems';
import {
  blankOf,
  type Choice,
  type Document,
  type Field,
  fieldsOf,
  type Schema,
} from '../../lib/schema';
import { Value } from './form_values';

export interface FormProps {
  document: Document;
  request: Json;
  change: (request: Json) => void;
  problems: readonly Problem[];
  files: ReadonlyMap<string, File>;
  attach: (file: File) => void;
}

export function Message(props: FormProps & { schema: Schema; path: Path }) {
  const { document, schema, path, request, change } = props;
  const { fields, choices } = fieldsOf(document, schema);
  const chosenOf = new Map(
    choices.flatMap((choice) => choice.members.map((name) => [name, choice] as const)),
  );
  const shown = new Set<Choice>();
  if (fields.length === 0) return <p class="muted">It takes nothing.</p>;
  return (
    <div class="form-fields">
      <Wrong problems={problemsAt(props.problems, path)} />
      {fields.map((field) => {
        const choice = chosenOf.get(field.name);
        if (!choice)
          return (
            <OneField {...props} key={field.name} field={field} path={[...path, field.name]} />
          );
        if (shown.has(choice)) return null;
        shown.add(choice);
        return (
          <OneOf
            {...props}
            key={field.name}
            choice={choice}
            fields={fields}
            request={request}
            change={change}
          />
        );
      })}
    </div>
  );
}

export function Wrong({ problems, id }: { problems: string[]; id?: string }) {
  if (problems.length === 0) return null;
  return (
    <p class="field-note wrong" id={id}>
      {problems.join('; ')}
    </p>
  );
}

function OneOf(props: FormProps & { choice: Choice; fields: Field[]; path: Path }) {
  const { choice, fields, path, request, document } = props;
  const name = useId();
  const members = fields.filter((field) => choice.members.includes(field.name));
  const chosen = members.find((field) => at(request, [...path, field.name]) !== undefined);
  const choose = (field: Field | undefined) => {
    const kept = isObject(at(request, path)) ? (at(request, path) as { [name: string]: Json }) : {};
    const rest = Object.fromEntries(
      Object.entries(kept).filter(([key]) => !choice.members.includes(key)),
    );
    const next = field ? { [field.name]: blankOf(document, field.type), ...rest } : rest;
    props.change(setAt(request, path, next) ?? {});
  };
  return (
    <fieldset class="one-of">
      <legend>
        One of these{!choice.required && ', or none'}
        {choice.about && <span class="field-note"> {choice.about}</span>}
      </legend>
      <div class="row segments">
        {members.map((field) => (
          <label key={field.name} class={field === chosen ? 'segment chosen' : 'segment'}>
            <input
              type="radio"
              name={name}
              checked={field === chosen}
              onChange={() => choose(field)}
            />
            <span class="mono">{field.name}</span>
          </label>
        ))}
        {!choice.required && (
          <label class={chosen ? 'segment' : 'segment chosen'}>
            <input type="radio" name={name} checked={!chosen} onChange={() => choose(undefined)} />
            <span>none</span>
          </label>
        )}
      </div>
      {chosen && (
        <OneField {...props} field={{ ...chosen, required: true }} path={[...path, chosen.name]} />
      )}
    </fieldset>
  );
}

function OneField(props: FormProps & { field: Field; path: Path }) {
  const { field, path, request, change, document } = props;
  const id = useId();
  const value = at(request, path);
  const set = (part: Json | undefined) => change(setAt(request, path, part) ?? {});
  const isSet = value !== undefined;
  const isGroup = ['message', 'list', 'map'].includes(field.type.kind);
  const wrong = problemsAt(props.problems, path);
  const label = (
    <>
      <span class="mono">{field.name}</span>
      {!field.required && <span class="muted small"> optional</span>}
      {field.deprecated && <span class="muted small"> deprecated</span>}
    </>
  );
  const unset = isSet && !field.required && (
    <button type="button" class="link small" onClick={() => set(undefined)}>
      leave out<span class="only-read"> {field.name}</span>
    </button>
  );
  if (!isSet && (isGroup || field.type.kind === 'json' || field.type.kind === 'bytes')) {
    return (
      <div class="form-field">
        <div class="row">
          <span class="form-label">{label}</span>
          <button
            type="button"
            class="link small"
            onClick={() => set(blankOf(document, field.type))}
          >
            set<span class="only-read"> {field.name}</span>
          </button>
        </div>
        <Note field={field} />
        <Wrong problems={wrong} />
      </div>
    );
  }
  if (isGroup) {
    return (
      <fieldset class="form-field form-group">
        <legend>
          {label} {unset}
        </legend>
        <Note field={field} />
        <Value {...props} type={field.type} id={id} label={field.name} />
        <Wrong problems={field.type.kind === 'message' ? [] : wrong} />
      </fieldset>
    );
  }
  return (
    <div class="form-field">
      <div class="row">
        <label class="form-label" for={id}>
          {label}
        </label>
        {unset}
      </div>
      <Value {...props} type={field.type} id={id} label={field.name} about={field.about} />
      <Note field={field} id={`${id}-note`} />
      <Wrong problems={wrong} id={`${id}-wrong`} />
    </div>
  );
}

function Note({ field, id }: { field: Field; id?: string }) {
  if (!field.about) return null;
  return (
    <p class="field-note" id={id}>
      {field.about.replaceAll('\n', ' ')}
    </p>
  );
}
