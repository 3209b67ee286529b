// One value of a form, by its type: a control, a list, a map, or a message within.
import { Icon } from '../../components/icon';
import { at, isObject, type Json, type Path, setAt } from '../../lib/json';
import { numberOf } from '../../lib/number_of';
import { problemsAt } from '../../lib/problems';
import { blankOf, type FieldType } from '../../lib/schema';
import { BytesInput } from './bytes_input';
import { type FormProps, Message, Wrong } from './form';

export interface ValueProps extends FormProps {
  type: FieldType;
  path: Path;
  id: string;
  label: string;
  about?: string;
}

export function Value(props: ValueProps) {
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
