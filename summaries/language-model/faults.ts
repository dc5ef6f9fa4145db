import { PipelineError } from '../../domain/errors.ts';

const BUSY_MS_DEFAULT = 10_000;
const BUSY_MS_MIN = 1_000;
const BUSY_MS_MAX = 10 * 60_000;

/** Every sentence is ours: a server's own may quote the key, or the Messages it was given. */
const fault = (code: string, sentence: string, retry: PipelineError['retry']) =>
  new PipelineError(code, `the language model ${sentence}`, { retry });

/** @param pauseMs What the server asked for; null if it did not say. */
export const busy = (pauseMs: number | null) => {
  const queueAfterMs = Math.min(Math.max(pauseMs ?? BUSY_MS_DEFAULT, BUSY_MS_MIN), BUSY_MS_MAX);
  const seconds = Math.ceil(queueAfterMs / 1_000);
  return fault('SUMMARIZER_BUSY', `takes no more for ${seconds} s`, { queueAfterMs });
};

/** An account without money is answered like one in a hurry, but a pause does not fill it. */
export const outOfQuota = () =>
  fault('SUMMARIZER_BUSY', 'has no quota left; see the account that LLM_API_KEY belongs to', {
    queueAfterMs: BUSY_MS_MAX,
  });

export const timedOut = (timeoutMs: number) =>
  fault(
    'SUMMARIZER_TIMED_OUT',
    `did not answer within ${timeoutMs / 1_000} s; LLM_TIMEOUT_SECONDS allows it more`,
    'backoff',
  );

/** @param why The kind of the fault, such as ECONNREFUSED or HTTP 500. */
export const unreachable = (why: string) =>
  fault('SUMMARIZER_UNREACHABLE', `does not answer: ${why}`, 'backoff');

export const notTheProtocol = () =>
  fault(
    'SUMMARIZER_UNREACHABLE',
    "answered something else than OpenAI's protocol has; check LLM_BASE_URL, which mostly ends in /v1",
    'backoff',
  );

export const answerTooLarge = (bytesMax: number) =>
  fault('SUMMARIZER_UNREACHABLE', `sent more than ${bytesMax} bytes as one answer`, 'backoff');

/** The process ends, or the job took longer than its queue allows. */
export const givenUp = () =>
  fault('SUMMARIZER_GIVEN_UP', 'was not waited for: the job was aborted', 'backoff');

const REMEDIES: Readonly<Record<number, string>> = {
  401: 'refused the key; check LLM_API_KEY',
  403: 'is closed to this key; check LLM_API_KEY, and whether it may use LLM_MODEL',
  404: 'is not there; check LLM_MODEL, and LLM_BASE_URL, which mostly ends in /v1',
  413: 'takes no request of this size; its context must hold 16,000 tokens',
};
const REMEDY_OF_OTHERS =
  'refused the request; check LLM_MODEL, whose context must hold 16,000 tokens';

/** No retry helps before somebody has changed a setting. */
export const refused = (status: number) =>
  fault('SUMMARIZER_REFUSED', `${REMEDIES[status] ?? REMEDY_OF_OTHERS} (HTTP ${status})`, 'never');

/** @param why What is wrong with the answer; never the answer itself. */
export const malformed = (why: string) =>
  fault('SUMMARY_MALFORMED', `gave no usable summary: ${why}`, 'never');
