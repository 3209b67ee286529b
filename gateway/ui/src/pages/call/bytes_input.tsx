// A field of bytes: a file, what a microphone hears where sound is wanted, or base64 by hand.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Icon } from '../../components/icon';
import { bytes } from '../../lib/format';
import type { Json } from '../../lib/json';
import { Recorder } from '../../lib/recorder';
import { wantsSound } from '../../lib/schema';

export interface BytesInputProps {
  id: string;
  name: string;
  about: string;
  value: string;
  set: (value: Json | undefined) => void;
  files: ReadonlyMap<string, File>;
  attach: (file: File) => void;
}

export function BytesInput(props: BytesInputProps) {
  const { id, name, about, value, set, files, attach } = props;
  const [isOver, setOver] = useState(false);
  const file = value.startsWith('@') ? files.get(value.slice(1)) : undefined;
  const take = (chosen: File | undefined) => {
    if (!chosen) return;
    attach(chosen);
    set(`@${chosen.name}`);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: files may also be dropped here; the input inside takes them, too
    <div
      class={isOver ? 'bytes over' : 'bytes'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files[0]);
      }}
    >
      <div class="row">
        <label class="button file-button">
          <Icon name="upload" /> Choose a file
          <input
            id={id}
            type="file"
            accept={wantsSound({ name, about }) ? 'audio/*,video/*' : undefined}
            onChange={(event) => take(event.currentTarget.files?.[0])}
          />
        </label>
        {wantsSound({ name, about }) && <Microphone take={take} />}
        {!file && <span class="muted small">or drop one here</span>}
      </div>
      {file ? (
        <Attached file={file} remove={() => set('')} />
      ) : (
        <input
          class="mono"
          aria-label={`${name} as base64`}
          placeholder="base64"
          value={value}
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
    </div>
  );
}

function Attached({ file, remove }: { file: File; remove: () => void }) {
  const isSound = file.type.startsWith('audio/');
  const url = useMemo(() => (isSound ? URL.createObjectURL(file) : ''), [file]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return (
    <div class="attached">
      <span class="ellipsis">
        <strong>{file.name}</strong> <span class="muted small">{bytes(file.size)}</span>
      </span>
      <button type="button" class="button ghost icon-only" onClick={remove}>
        <Icon name="close" />
        <span class="only-read">Take {file.name} away</span>
      </button>
      {/* biome-ignore lint/a11y/useMediaCaption: it is the listener's own file */}
      {isSound && <audio controls src={url} aria-label={file.name} />}
    </div>
  );
}

function Microphone({ take }: { take: (file: File) => void }) {
  const recorder = useRef<Recorder>();
  const [state, setState] = useState<{
    running: boolean;
    level: number;
    seconds: number;
    problem: string;
  }>({
    running: false,
    level: 0,
    seconds: 0,
    problem: '',
  });
  // Who leaves the page leaves the microphone.
  useEffect(() => () => void recorder.current?.release(), []);

  const start = async () => {
    setState({ running: true, level: 0, seconds: 0, problem: '' });
    try {
      recorder.current = await Recorder.start((level, seconds) =>
        setState((before) => (before.running ? { ...before, level, seconds } : before)),
      );
    } catch (error) {
      setState({ running: false, level: 0, seconds: 0, problem: (error as Error).message });
    }
  };
  const stop = async () => {
    const file = await recorder.current?.stop();
    recorder.current = undefined;
    setState({ running: false, level: 0, seconds: 0, problem: '' });
    if (file) take(file);
  };

  if (!state.running) {
    return (
      <>
        <button type="button" class="button" onClick={start}>
          <Icon name="mic" /> Record
        </button>
        {state.problem && (
          <span class="field-note wrong" role="alert">
            {state.problem}
          </span>
        )}
      </>
    );
  }
  return (
    <>
      <button type="button" class="button danger" onClick={stop}>
        <Icon name="stop" /> Stop
      </button>
      <span class="mono small" role="timer">
        {state.seconds.toFixed(1)} s
      </span>
      <meter class="level" min={0} max={1} value={state.level} aria-label="Loudness" />
    </>
  );
}
