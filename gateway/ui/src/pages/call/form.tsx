// A request's fields, as a form. Its state is the request's JSON, so that the form and the JSON view are
// two views of one thing; a field that is not set is not in it.
import { useId } from 'preact/hooks';
import { Icon } from '../../components/icon';
import { at, isObject, type Json, type Path, setAt } from '../../lib/json';
import { type Problem, problemsAt } from '../../lib/problems';
import {
  blankOf,
  type Choice,
  type Document,
  type Field,
  type FieldType,
  fieldsOf,
  type Schema,
} from '../../lib/schema';
import { BytesInput } from './bytes_input';

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

function Wrong({ problems, id }: { problems: string[]; id?: string }) {
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

interface ValueProps extends FormProps {
  type: FieldType;
  path: Path;
  id: string;
  label: string;
  about?: string;
}

function Value(props: ValueProps) {
  const { type, path, request, change, id, label } = props;
  const value = at(request, path);
  const set = (part: Json | undefined) => change(setAt(request, path, part) ?? {});
  const wrong = problemsAt(props.problems, path).length > 0;
  const control = {
    id,
    'aria-invalid': wrong || undefined,
    'aria-describedby': wrong ? `${id}-wrong` : undefined,
  };
  switch (type.kind) {
    case 'message':
      return <Message {...props} schema={type.schema} path={path} />;
    case 'list':
      return <List {...props} item={type.item} />;
    case 'map':
      return <MapOf {...props} value={type.value} />;
    case 'json':
      return <JsonInput {...props} />;
    case 'bytes':
      return (
        <BytesInput
          {...props}
          value={typeof value === 'string' ? value : ''}
          set={set}
          name={label}
          about={props.about ?? ''}
        />
      );
    case 'boolean':
      return (
        <select
          {...control}
          value={value === undefined ? '' : String(value)}
          onChange={(event) => {
            const said = event.currentTarget.value;
            set(said === '' ? undefined : said === 'true');
          }}
        >
          <option value="">not set</option>
          <option value="true">true</option>
          <option value="false">false</option>
        </select>
      );
    case 'enum':
      return (
        <select
          {...control}
          value={value === undefined ? '' : String(value)}
          onChange={(event) => set(event.currentTarget.value || undefined)}
        >
          <option value="">not set</option>
          {type.values.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      );
    case 'integer':
    case 'number':
      return (
        <input
          {...control}
          inputMode={type.kind === 'integer' ? 'numeric' : 'decimal'}
          placeholder="not set"
          value={value === undefined || value === null ? '' : String(value)}
          onInput={(event) => set(numberOf(event.currentTarget.value))}
        />
      );
    case 'text':
      return <TextInput control={control} value={value} set={set} />;
  }
}

/** What is a number, as one, if it keeps all of its digits; else as it was typed. */
export function numberOf(text: string): Json | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const is = Number(trimmed);
  const isExact = Number.isFinite(is) && (!Number.isInteger(is) || Number.isSafeInteger(is));
  return isExact && /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(trimmed) ? is : trimmed;
}

function TextInput(props: {
  control: { id: string };
  value: Json | undefined;
  set: (value: Json | undefined) => void;
}) {
  const text = typeof props.value === 'string' ? props.value : '';
  // As high as its lines, so that texts of several can be written.
  return (
    <textarea
      {...props.control}
      rows={Math.min(12, text.split('\n').length)}
      placeholder={props.value === undefined ? 'not set' : ''}
      value={text}
      onInput={(event) => props.set(event.currentTarget.value)}
    />
  );
}

function List(props: ValueProps & { item: FieldType }) {
  const { item, path, request, change, document, id, label } = props;
  const items = at(request, path);
  const list = Array.isArray(items) ? items : [];
  const add = () => change(setAt(request, [...path, list.length], blankOf(document, item)) ?? {});
  const remove = (index: number) => change(setAt(request, [...path, index], undefined) ?? {});
  return (
    <div class="form-list">
      {list.map((_, index) => (
        <div class="form-item" key={index}>
          <label class="only-read" for={`${id}-${index}`}>
            {label} {index + 1}
          </label>
          <div class="form-item-value">
            <Value
              {...props}
              type={item}
              path={[...path, index]}
              id={`${id}-${index}`}
              label={`${label} ${index + 1}`}
            />
            <Wrong
              problems={item.kind === 'message' ? [] : problemsAt(props.problems, [...path, index])}
            />
          </div>
          <button type="button" class="button ghost icon-only" onClick={() => remove(index)}>
            <Icon name="close" />
            <span class="only-read">
              Remove {label} {index + 1}
            </span>
          </button>
        </div>
      ))}
      <button type="button" class="button" onClick={add}>
        <Icon name="plus" /> Add<span class="only-read"> to {label}</span>
      </button>
    </div>
  );
}

function MapOf(props: ValueProps & { value: FieldType }) {
  const { value: type, path, request, change, document, id, label } = props;
  const found = at(request, path);
  const entries = isObject(found) ? Object.entries(found) : [];
  const put = (next: [string, Json][]) =>
    change(setAt(request, path, Object.fromEntries(next)) ?? {});
  const rename = (index: number, name: string) => {
    if (!entries.some(([key], i) => i !== index && key === name)) {
      put(entries.map(([key, part], i) => [i === index ? name : key, part]));
    }
  };
  return (
    <div class="form-list">
      {entries.map(([key], index) => (
        <div class="form-item pair" key={index}>
          <input
            aria-label={`Key ${index + 1} of ${label}`}
            value={key}
            onChange={(event) => rename(index, event.currentTarget.value)}
          />
          <div class="form-item-value">
            <label class="only-read" for={`${id}-${index}`}>
              Value of {key}
            </label>
            <Value {...props} type={type} path={[...path, key]} id={`${id}-${index}`} label={key} />
            <Wrong
              problems={type.kind === 'message' ? [] : problemsAt(props.problems, [...path, key])}
            />
          </div>
          <button
            type="button"
            class="button ghost icon-only"
            onClick={() => put(entries.filter((_, i) => i !== index))}
          >
            <Icon name="close" />
            <span class="only-read">Remove {key}</span>
          </button>
        </div>
      ))}
      <button
        type="button"
        class="button"
        onClick={() => put([...entries, [`key${entries.length + 1}`, blankOf(document, type)]])}
      >
        <Icon name="plus" /> Add<span class="only-read"> to {label}</span>
      </button>
    </div>
  );
}

function JsonInput({ path, request, change, id }: ValueProps) {
  const value = at(request, path);
  return (
    <textarea
      id={id}
      class="mono"
      rows={4}
      defaultValue={JSON.stringify(value, null, 2)}
      onChange={(event) => {
        const box = event.currentTarget;
        try {
          change(setAt(request, path, JSON.parse(box.value) as Json) ?? {});
          box.setCustomValidity('');
        } catch (error) {
          box.setCustomValidity(`This is no JSON: ${(error as Error).message}`);
          box.reportValidity();
        }
      }}
    />
  );
}
