// Failures as the gateway words them: {"error": {"code", "message", "details", "path"}}. The page shows
// these words and no others; what never reached a gateway gets a sentence that says what to do.

/** A call that the failure came through, the entrypoint first. */
export interface Hop {
  chainlet: string;
  method: string;
  replica: string;
  attempt?: number;
}

export class ApiError extends Error {
  constructor(
    /** A canonical gRPC code: "NOT_FOUND". */
    readonly code: string,
    message: string,
    /** HTTP's; 0: there was no response. */
    readonly status = 0,
    readonly path: Hop[] = [],
    /** When it should be tried again, in milliseconds from then; undefined: nobody said. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** Whether the same request may succeed later without anybody changing it. */
  get passing(): boolean {
    return ['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'DEADLINE_EXCEEDED', 'ABORTED'].includes(
      this.code,
    );
  }
}

/** The failure in `body`, or undefined where there is none. */
export function errorIn(body: unknown, status = 0, retryAfter: string | null = null) {
  const error = (body as { error?: Record<string, unknown> } | null)?.error;
  if (typeof error !== 'object' || error === null || typeof error.message !== 'string')
    return undefined;
  const seconds = Number(retryAfter ?? Number.NaN);
  return new ApiError(
    typeof error.code === 'string' ? error.code : 'UNKNOWN',
    error.message,
    status,
    Array.isArray(error.path) ? (error.path as Hop[]) : [],
    Number.isFinite(seconds) ? seconds * 1000 : undefined,
  );
}

/** Anything that was thrown, as a failure that can be shown. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof TypeError) {
    // What fetch throws where there is nobody to talk to; browsers word it differently.
    return new ApiError(
      'UNAVAILABLE',
      'The gateway does not answer. Is it running? chains up starts it.',
    );
  }
  return new ApiError('INTERNAL', thrown instanceof Error ? thrown.message : String(thrown));
}

export function isAbort(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === 'AbortError';
}
