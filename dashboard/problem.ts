import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { faultKind } from '../db/faults.ts';
import { pauseOf, PipelineError, type Retry } from '../domain/errors.ts';
import { toShape, type Verdict } from './verdict.ts';

/** What a code means in HTTP. One that is not listed is our own fault: 500. */
const STATUS: Readonly<Record<string, number>> = {
  REQUEST_INVALID: 400,
  CURSOR_INVALID: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  BODY_TOO_LARGE: 413,
  MEDIA_TYPE_UNSUPPORTED: 415,
  MESSAGE_INVALID: 422,
  TOO_MANY_REQUESTS: 429,
  OVERLOADED: 503,
  PRODUCER_CLOSED: 503,
  QUEUE_FULL: 503,
  QUEUE_UNREACHABLE: 503,
  STORE_UNREACHABLE: 503,
  COLD_UNREACHABLE: 503,
  PATTERNS_FAILED: 503,
  CACHE_UNREACHABLE: 503,
  SUMMARY_FAILED: 503,
  SUMMARY_BUDGET_SPENT: 503,
};

/** Codes that any route may answer with, by status: for the OpenAPI document. */
export const CODES_BY_STATUS = Map.groupBy(Object.keys(STATUS), (code) => STATUS[code] ?? 500);

/** Codes of the admin pages, which the document is not about. */
const ADMIN_STATUS: Readonly<Record<string, number>> = { PASSWORD_WRONG: 401, ADMIN_CLOSED: 503 };

const RETRY_AFTER_MS_DEFAULT = 1_000;

export interface FieldFault {
  readonly field: string;
  readonly detail: string;
}

/** Why a request cannot be answered as it was meant. */
export class RequestFault extends PipelineError {
  override readonly name = 'RequestFault';
  readonly errors: readonly FieldFault[];
  readonly verdicts: readonly Verdict[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: string,
    sentence: string,
    more: {
      retry?: Retry;
      errors?: readonly FieldFault[];
      verdicts?: readonly Verdict[];
      headers?: Readonly<Record<string, string>>;
      cause?: unknown;
    } = {},
  ) {
    super(code, sentence, { retry: more.retry ?? 'never', cause: more.cause });
    this.errors = more.errors ?? [];
    this.verdicts = more.verdicts ?? [];
    this.headers = more.headers ?? {};
  }

  get field(): string | null {
    return this.errors[0]?.field ?? null;
  }
}

/** The same for what is not there and for what is another Company's (P7). */
export const notFound = (what: string) =>
  new RequestFault('NOT_FOUND', `there is no such ${what}; check its id, and whose key you use`);

/** All messages of a call were refused: the first refusal speaks for them. */
export function noneAccepted(verdicts: readonly Verdict[]): RequestFault {
  const first = verdicts.find((verdict) => !verdict.isAccepted);
  if (!first || first.isAccepted) throw new Error('none accepted, and none refused');
  const { code, message, retry } = first.error;
  const sentence = `none of ${verdicts.length} messages was accepted; the first: ${message}`;
  return new RequestFault(code, sentence, { retry, verdicts });
}

export interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  /** Whether it is a bug of ours, to be logged as one. */
  readonly isBug: boolean;
}

/** Problem details (RFC 9457) for whatever a route threw. */
export function toProblem(error: unknown, requestId: string): Problem {
  const known = toFault(error);
  const { code, message, retry } = known;
  const status = STATUS[code] ?? ADMIN_STATUS[code] ?? 500;
  const isBug = status === 500;
  const field = 'field' in known && typeof known.field === 'string' ? known.field : null;
  const { errors = [], verdicts = [], headers = {} } = known instanceof RequestFault ? known : {};
  const isPassing = status === 503 || status === 429;
  return {
    status,
    isBug,
    headers: { ...headers, ...(isPassing && { 'retry-after': secondsOf(retry) }) },
    body: {
      type: `urn:camadas:problem:${code.toLowerCase().replaceAll('_', '-')}`,
      title: STATUS_CODES[status] ?? 'Error',
      status,
      detail: isBug ? 'something went wrong here; tell us the requestId' : message,
      code,
      ...(field !== null && { field }),
      ...(errors.length > 1 && { errors }),
      ...(verdicts.length > 0 && { verdicts: verdicts.map(toShape) }),
      requestId,
    },
  };
}

/** What an error means, whoever threw it. */
function toFault(error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  if (error instanceof z.ZodError) return requestInvalid(error);
  // First what Express says: a caller who broke off has a code that MySQL's faults have, too.
  const fault = fromExpress(error);
  if (fault) return fault;
  if (faultKind(error) === 'transient') return storeUnreachable(error);
  return new RequestFault('INTERNAL', 'internal', { cause: error });
}

export function requestInvalid(error: z.ZodError): RequestFault {
  const errors = error.issues.flatMap(toFieldFaults);
  const [first] = errors;
  const sentence = first ? `${first.field}: ${first.detail}` : 'the request is malformed';
  return new RequestFault('REQUEST_INVALID', sentence, { errors });
}

function toFieldFaults(issue: z.core.$ZodIssue): FieldFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((field) => ({ field, detail: 'is not a parameter of this call' }));
  }
  return [{ field: issue.path.join('.') || 'request', detail: issue.message }];
}

const STORE_RETRY_MS = 2_000;

export const storeUnreachable = (cause: unknown) =>
  new RequestFault('STORE_UNREACHABLE', 'MySQL does not answer; ask again in a moment', {
    retry: { afterMs: STORE_RETRY_MS },
    cause,
  });

export const queueUnreachable = (cause: unknown) =>
  new RequestFault(
    'QUEUE_UNREACHABLE',
    "the queue's Redis does not answer; ask again in a moment",
    {
      retry: { afterMs: STORE_RETRY_MS },
      cause,
    },
  );
export const BODY_TOO_LARGE = 'body: is too large; send fewer messages in one call';

/** What Express and its body parser refuse, by the names they give it. */
const FROM_EXPRESS: Readonly<Record<string, [code: string, sentence: string]>> = {
  'entity.parse.failed': ['REQUEST_INVALID', 'body: is not JSON; check it with a JSON parser'],
  'entity.verify.failed': ['REQUEST_INVALID', 'body: is nested too deeply; flatten it'],
  'entity.too.large': ['BODY_TOO_LARGE', BODY_TOO_LARGE],
  'encoding.unsupported': [
    'MEDIA_TYPE_UNSUPPORTED',
    'content-encoding: must be gzip, deflate, br or none',
  ],
  'charset.unsupported': ['MEDIA_TYPE_UNSUPPORTED', 'content-type: must be in UTF-8'],
};

function fromExpress(error: unknown): RequestFault | null {
  if (!(error instanceof Error)) return null;
  const [code, sentence] = ('type' in error && FROM_EXPRESS[String(error.type)]) || [];
  if (code !== undefined && sentence !== undefined) return new RequestFault(code, sentence);
  const status = 'status' in error ? Number(error.status) : 500;
  const isCallers = status >= 400 && status < 500;
  // Such as a path that is not well encoded, or a body that was broken off.
  return isCallers
    ? new RequestFault('REQUEST_INVALID', 'request: cannot be read; check its encoding')
    : null;
}

function secondsOf(retry: Retry): string {
  const ms = pauseOf(retry) ?? RETRY_AFTER_MS_DEFAULT;
  return String(Math.max(1, Math.ceil(ms / 1_000)));
}
