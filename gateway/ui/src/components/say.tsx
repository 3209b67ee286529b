// What a page says when it has no figures: not yet, none, or a failure, and what to do then.
import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api/errors';
import { Command } from './copy';
import { Icon, type IconName } from './icon';

/** Grey lines of the height that will be needed, so that nothing jumps when it is there. */
export function Skeleton({ lines = 3, height = 20 }: { lines?: number; height?: number }) {
  return (
    <div class="skeleton" aria-hidden="true">
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} style={{ height: `${height}px` }} />
      ))}
    </div>
  );
}

export interface EmptyProps {
  icon?: IconName;
  title: string;
  children?: ComponentChildren;
  /** What to type, to have something here. */
  command?: string;
}

export function Empty({ icon = 'info', title, children, command }: EmptyProps) {
  return (
    <div class="empty">
      <Icon name={icon} size={24} />
      <h2>{title}</h2>
      {children && <div class="muted">{children}</div>}
      {command && <Command text={command} />}
    </div>
  );
}

export interface ProblemProps {
  error: ApiError;
  /** What was to be done: "Deployments could not be read". */
  what?: string;
  retry?: () => void;
}

/** A failure in the API's words. Screen readers say it at once. */
export function Problem({ error, what, retry }: ProblemProps) {
  return (
    <div class="problem" role="alert">
      <Icon name="warning" />
      <div class="stack tight">
        {what && <strong>{what}</strong>}
        <p>{error.message}</p>
        {error.path.length > 0 && (
          <p class="small muted">
            Came through {error.path.map((hop) => `${hop.chainlet}.${hop.method}`).join(' → ')}
          </p>
        )}
        <p class="small muted mono">{error.code}</p>
      </div>
      {retry && (
        <button type="button" class="button" onClick={retry}>
          <Icon name="retry" /> Try again
        </button>
      )}
    </div>
  );
}

/** Figures that could not be renewed stay, and this says so above them. */
export function Stale({ error, retry }: { error: ApiError; retry?: () => void }) {
  return (
    <div class="stale" role="status">
      <Icon name="warning" /> <span class="ellipsis">Not up to date: {error.message}</span>
      {retry && (
        <button type="button" class="link" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** The four states of what is asked for, in the order that counts. */
export function Loaded<T>(props: {
  data: T | undefined;
  error: ApiError | undefined;
  again?: () => void;
  what?: string;
  lines?: number;
  children: (data: T) => ComponentChildren;
}) {
  const { data, error, again, what, lines = 4, children } = props;
  if (data === undefined && error) return <Problem error={error} what={what} retry={again} />;
  if (data === undefined) {
    return (
      <div aria-busy="true">
        <span class="only-read" role="status">
          Loading
        </span>
        <Skeleton lines={lines} height={28} />
      </div>
    );
  }
  return (
    <>
      {error && <Stale error={error} retry={again} />}
      {children(data)}
    </>
  );
}
