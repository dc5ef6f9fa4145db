import { PipelineError } from '../domain/errors.ts';

/** What is known of a fault besides its code and its sentence. */
export interface FaultDetails {
  readonly status?: number | null;
  readonly field?: string | null;
  readonly requestId?: string | null;
  readonly retryAfterMs?: number | null;
  readonly messageId?: string | null;
  readonly cause?: unknown;
}

/** They pass by themselves, or when somebody mends the server: worth another attempt. */
const PASSING_STATUSES = [429, 502, 503, 504];
const PASSING_CODES = [
  'UNREACHABLE',
  'TIMED_OUT',
  'TOO_MANY_REQUESTS',
  'OVERLOADED',
  'QUEUE_FULL',
  'QUEUE_UNREACHABLE',
  'STORE_UNREACHABLE',
  'CACHE_UNREACHABLE',
  'PRODUCER_CLOSED', // The server is about to end; another one, or the next, is open.
];

/** Why a request, or one Message of it, came to nothing. */
export class ClientError extends PipelineError {
  override readonly name = 'ClientError';
  /** What is wrong, and the remedy. */
  readonly detail: string;
  /** HTTP status; null where there was no answer. */
  readonly status: number | null;
  /** The field to blame, if it is one. */
  readonly field: string | null;
  /** By which the server's log knows the request. */
  readonly requestId: string | null;
  /** Milliseconds after which the server wants to be asked again; null if it did not say. */
  readonly retryAfterMs: number | null;
  /** The id to send the Message again with: it may have been taken. */
  readonly messageId: string | null;

  constructor(code: string, detail: string, about: FaultDetails = {}) {
    super(code, detail, { retry: retryOf(code, about), cause: about.cause });
    this.detail = detail;
    this.status = about.status ?? null;
    this.field = about.field ?? null;
    this.requestId = about.requestId ?? null;
    this.retryAfterMs = about.retryAfterMs ?? null;
    this.messageId = about.messageId ?? null;
  }
}

/** The same fault, told of one Message. */
export function aboutMessage(fault: ClientError, messageId: string | null): ClientError {
  const { code, detail, status, field, requestId, retryAfterMs } = fault;
  const about = { status, field, requestId, retryAfterMs, messageId, cause: fault.cause };
  return new ClientError(code, detail, about);
}

function retryOf(code: string, { status, retryAfterMs }: FaultDetails) {
  if (!PASSING_CODES.includes(code) && !PASSING_STATUSES.includes(status ?? 0)) return 'never';
  return typeof retryAfterMs === 'number' ? { afterMs: retryAfterMs } : 'backoff';
}
