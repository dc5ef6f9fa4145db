import { retryAfterMs } from '../domain/backoff.ts';
import { ClientError } from './client-error.ts';
import type { Receipt } from './parcels.ts';
import type { Answer } from './transport.ts';

/** @throws ClientError If the answer is not a success. */
export function expectSuccess(answer: Answer): void {
  if (!isSuccess(answer)) throw faultOf(answer);
}

/**
 * The body of a success.
 *
 * @param field What it must have, to be what was asked for.
 * @throws ClientError If it is no success, or something else.
 */
export function bodyOf<Body>(answer: Answer, field: keyof Body & string): Body {
  expectSuccess(answer);
  if (!isObject(answer.body) || !(field in answer.body)) throw notOurs(answer);
  return answer.body as Body;
}

/**
 * What became of each of many Messages, also where none was accepted.
 *
 * @throws ClientError If the answer does not tell it of each.
 */
export function receiptsOf(answer: Answer, messagesSent: number): Receipt[] {
  const verdicts = isObject(answer.body) ? answer.body['verdicts'] : undefined;
  if (!Array.isArray(verdicts)) throw isSuccess(answer) ? notOurs(answer) : faultOf(answer);
  if (verdicts.length !== messagesSent) throw notOurs(answer);
  return verdicts.map((verdict: Verdict) => receiptOf(verdict, answer));
}

/** A refusal, as RFC 9457 has it; or whatever a proxy in between made of it. */
function faultOf(answer: Answer): ClientError {
  const { status, headers } = answer;
  const problem = isObject(answer.body) ? answer.body : {};
  const code = textOf(problem['code']) ?? `HTTP_${status}`;
  return new ClientError(code, textOf(problem['detail']) ?? statusSentence(answer), {
    status,
    field: textOf(problem['field']),
    requestId: textOf(problem['requestId']) ?? headers.get('x-request-id'),
    retryAfterMs: retryAfterMs(headers.get('retry-after'), Date.now()),
  });
}

/** As the server writes it. */
interface Verdict {
  readonly isAccepted: boolean;
  readonly messageId: string | null;
  readonly code?: string;
  readonly field?: string | null;
  readonly detail?: string;
}

function receiptOf(verdict: Verdict, { headers }: Answer): Receipt {
  const { isAccepted, messageId, code, field, detail } = verdict;
  if (isAccepted && messageId !== null) return { isAccepted, messageId };
  const error = new ClientError(code ?? 'REFUSED', detail ?? 'the server did not take it', {
    field: field ?? null,
    messageId,
    requestId: headers.get('x-request-id'),
    retryAfterMs: retryAfterMs(headers.get('retry-after'), Date.now()),
  });
  return { isAccepted: false, error };
}

const isSuccess = ({ status }: Answer) => status >= 200 && status < 300;

function notOurs({ status, headers }: Answer): ClientError {
  const sentence = `answered ${status} with something else; is the url that of camadas?`;
  return new ClientError('ANSWER_INVALID', sentence, {
    status,
    requestId: headers.get('x-request-id'),
  });
}

function statusSentence({ status, headers }: Answer): string {
  const elsewhere = status >= 300 && status < 400 && headers.get('location');
  if (elsewhere) return `answered ${status}; give openClient the url it leads to: ${elsewhere}`;
  return `answered ${status}, and not why; ask whoever runs what lies at this url`;
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : null);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
