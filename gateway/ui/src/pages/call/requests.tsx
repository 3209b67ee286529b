// What is sent, as a form or as JSON; of a method that takes a stream a list of messages.
import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../../components/icon';
import type { Json } from '../../lib/json';
import type { Problem } from '../../lib/problems';
import { blankOf, type Document, type Method } from '../../lib/schema';
import { Message } from './form';

export interface RequestsProps {
  document: Document;
  method: Method;
  request: Json;
  change: (request: Json) => void;
  problems: readonly (readonly Problem[])[]; // of each message
  files: ReadonlyMap<string, File>;
  attach: (file: File) => void;
}

export function Requests(props: RequestsProps) {
  const { request, change, problems } = props;
  const [asJson, setAsJson] = useState(false);
  return (
    <>
      <div class="row segments" role="group" aria-label="How the request is shown">
        <button
          type="button"
          class="segment"
          aria-pressed={!asJson}
          onClick={() => setAsJson(false)}
        >
          Form
        </button>
        <button type="button" class="segment" aria-pressed={asJson} onClick={() => setAsJson(true)}>
          JSON
        </button>
      </div>
      {asJson ? (
        <JsonView request={request} change={change} problems={problems.flat()} />
      ) : (
        <FormView {...props} />
      )}
    </>
  );
}

function FormView(props: RequestsProps) {
  const { document, method, request, change, problems, files, attach } = props;
  const shared = { document, files, attach };
  if (!method.takesStream) {
    return (
      <Message
        {...shared}
        schema={method.request}
        path={[]}
        request={request}
        change={change}
        problems={problems[0] ?? []}
      />
    );
  }
  const messages = Array.isArray(request) ? request : [request];
  return (
    <div class="stack">
      {messages.map((message, index) => (
        <fieldset key={index} class="form-group message">
          <legend>
            Message {index + 1}{' '}
            {messages.length > 1 && (
              <button
                type="button"
                class="link small"
                onClick={() => change(messages.filter((_, i) => i !== index))}
              >
                remove<span class="only-read"> message {index + 1}</span>
              </button>
            )}
          </legend>
          <Message
            {...shared}
            schema={method.request}
            path={[]}
            request={message}
            change={(next) => change(messages.map((each, i) => (i === index ? next : each)))}
            problems={problems[index] ?? []}
          />
        </fieldset>
      ))}
      <div>
        <button
          type="button"
          class="button"
          onClick={() =>
            change([...messages, blankOf(document, { kind: 'message', schema: method.request })])
          }
        >
          <Icon name="plus" /> Another message
        </button>
      </div>
    </div>
  );
}

interface JsonViewProps {
  request: Json;
  change: (request: Json) => void;
  problems: readonly Problem[];
}

function JsonView({ request, change, problems }: JsonViewProps) {
  const [text, setText] = useState(() => JSON.stringify(request, null, 2));
  const [wrong, setWrong] = useState('');
  // The example, say, was taken over.
  useEffect(() => {
    if (wrong === '' && !isSame(text, request)) setText(JSON.stringify(request, null, 2));
  }, [request]);
  const edit = (next: string) => {
    setText(next);
    try {
      change(JSON.parse(next) as Json);
      setWrong('');
    } catch (error) {
      setWrong(`This is no JSON: ${(error as Error).message}`);
    }
  };
  const notes = wrong
    ? [wrong]
    : problems.map(({ path, text: said }) => `${path.join('.') || 'the request'}: ${said}`);
  return (
    <div class="form-field">
      <textarea
        class="mono json"
        aria-label="Request as JSON"
        aria-invalid={notes.length > 0 || undefined}
        spellcheck={false}
        rows={Math.min(24, Math.max(8, text.split('\n').length + 1))}
        value={text}
        onInput={(event) => edit(event.currentTarget.value)}
      />
      {notes.length > 0 && (
        <p class="field-note wrong" role="status">
          {notes.slice(0, 3).join('; ')}
        </p>
      )}
      <p class="field-note">
        <code>"@NAME"</code> stands for a file that was attached in the form.
      </p>
    </div>
  );
}

function isSame(text: string, request: Json): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(request);
  } catch {
    return false;
  }
}
