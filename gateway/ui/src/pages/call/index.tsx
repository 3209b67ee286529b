// The dialogue that calls a chain: a request as a form or as JSON, and what comes of it.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { asApiError } from '../../api/errors';
import { Select } from '../../components/field';
import { Icon } from '../../components/icon';
import { Empty, Loaded } from '../../components/say';
import { usePoll } from '../../hooks/poll';
import { bodyOf } from '../../lib/body';
import type { Json } from '../../lib/json';
import { problemsOf } from '../../lib/problems';
import { blankOf, type Document, type Method, methodsOf } from '../../lib/schema';
import { setQuery } from '../../router';
import type { ChainPageProps } from '../registry';
import { Answer } from './answer';
import { CopyAs } from './copy_as';
import { fetchDocument, keepRequest, lastRequest } from './document';
import { Requests } from './requests';
import { type Outcome, runCall } from './run';
import './call.css';

export default function CallPage({ target, query }: ChainPageProps) {
  const { path } = target;
  const asked = usePoll((signal) => fetchDocument(path, signal), 0, [path]);
  if (!path)
    return <Empty title="Nothing to call yet">This environment points at no deployment.</Empty>;
  return (
    <Loaded
      data={asked.data}
      error={asked.error}
      again={asked.again}
      what="What can be called could not be read."
    >
      {(document) => {
        const methods = methodsOf(document);
        const method = methods.find((each) => each.name === query.get('method')) ?? methods[0];
        if (!method) return <Empty title="Nothing to call">Its entrypoint has no methods.</Empty>;
        const name = `${target.chain} ${method.name}`;
        return (
          <Dialogue
            key={name}
            document={document}
            methods={methods}
            method={method}
            target={target}
          />
        );
      }}
    </Loaded>
  );
}

interface DialogueProps {
  document: Document;
  methods: readonly Method[];
  method: Method;
  target: ChainPageProps['target'];
}

function Dialogue({ document, methods, method, target }: DialogueProps) {
  const [request, setRequest] = useState<Json>(
    () => lastRequest(target.chain, method.name) ?? blank(document, method),
  );
  const [files, setFiles] = useState<ReadonlyMap<string, File>>(new Map());
  const [outcome, setOutcome] = useState<Outcome>();
  const [problem, setProblem] = useState<string>('');
  const [copying, setCopying] = useState(false);
  const running = useRef<AbortController>();
  const answer = useRef<HTMLElement>(null);
  const isRunning = outcome?.state === 'running';

  useEffect(() => () => running.current?.abort(), []);

  const problems = useMemo(() => {
    const items = method.takesStream ? (Array.isArray(request) ? request : [request]) : [request];
    return items.map((item) => problemsOf(document, method.request, item));
  }, [document, method, request]);
  const wrong = problems.flat().length;

  const run = async () => {
    running.current?.abort();
    const stop = new AbortController();
    running.current = stop;
    setProblem('');
    keepRequest(target.chain, method.name, request);
    try {
      const body = await bodyOf(document, method, request, files);
      await runCall(`${target.path}/${method.name}`, method, body, stop.signal, (told) => {
        if (running.current === stop) setOutcome(told);
      });
    } catch (thrown) {
      setProblem(asApiError(thrown).message);
    }
    // On a narrow screen the answer is below what is seen.
    if (answer.current && matchMedia('(max-width: 1000px)').matches)
      answer.current.scrollIntoView({ block: 'start' });
  };

  return (
    <form
      class="call"
      onSubmit={(event) => {
        event.preventDefault();
        if (wrong === 0) run();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && wrong === 0) {
          event.preventDefault();
          run();
        }
      }}
    >
      <section class="panel stack" aria-label="Request">
        {methods.length > 1 && (
          <Select
            label="Method"
            value={method.name}
            options={methods.map((each) => [each.name, titleOf(each)] as const)}
            onChange={(name) => setQuery({ method: name })}
          />
        )}
        <p class="muted about">{shortly(method.about)}</p>
        <Requests
          document={document}
          method={method}
          request={request}
          change={setRequest}
          problems={problems}
          files={files}
          attach={(file) => setFiles((before) => new Map(before).set(file.name, file))}
        />
        {problem && (
          <p class="field-note wrong" role="alert">
            {problem}
          </p>
        )}
        <div class="row call-actions">
          <button type="submit" class="button primary" disabled={wrong > 0 || isRunning}>
            <Icon name="play" /> {isRunning ? 'Calling' : 'Call'}
          </button>
          {isRunning && (
            <button type="button" class="button" onClick={() => running.current?.abort()}>
              <Icon name="stop" /> Stop
            </button>
          )}
          {method.example !== undefined && (
            <button type="button" class="button" onClick={() => setRequest(exampleOf(method))}>
              Example
            </button>
          )}
          <button type="button" class="button" onClick={() => setRequest(blank(document, method))}>
            Empty
          </button>
          <button type="button" class="button" onClick={() => setCopying(true)}>
            <Icon name="copy" /> Copy as
          </button>
          <span class="muted small wide-only">Ctrl + Enter calls</span>
        </div>
      </section>
      <section class="panel stack answer" aria-label="Answer" ref={answer}>
        {outcome ? (
          <Answer outcome={outcome} method={method} target={target} />
        ) : (
          <Empty icon="call" title="Not called yet">
            The answer, its receipt and its trace are shown here.
          </Empty>
        )}
      </section>
      {copying && (
        <CopyAs
          document={document}
          target={target}
          method={method}
          request={request}
          files={files}
          onClose={() => setCopying(false)}
        />
      )}
    </form>
  );
}

function blank(document: Document, method: Method): Json {
  const one = blankOf(document, { kind: 'message', schema: method.request });
  return method.takesStream ? [one] : one;
}

function exampleOf(method: Method): Json {
  const example = method.example ?? {};
  return method.takesStream && !Array.isArray(example) ? [example] : example;
}

function titleOf(method: Method): string {
  const ways = [
    method.takesStream && 'takes a stream',
    method.answersStream && 'answers a stream',
  ].filter(Boolean);
  return ways.length > 0 ? `${method.name} (${ways.join(', ')})` : method.name;
}

// What the document says of streams is for who writes a client.
function shortly(about: string): string {
  return (
    about
      .split('\n\n')
      .filter((part) => !/^(WebSocket:|Takes a stream:|Answers a stream:)/.test(part))[0]
      ?.trim() ?? ''
  );
}
