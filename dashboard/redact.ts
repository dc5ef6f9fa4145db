import { ROLES } from '../domain/message.ts';

/**
 * What administrators see of jobs: which Messages of which Conversation, and what became of them;
 * never what was said, by whom, or what came with it. Only what is listed here is shown, so what is
 * added to payloads later stays hidden until somebody lists it.
 */

const ITEMS_SHOWN_MAX = 20;
const ID_LENGTH_SHOWN_MAX = 128;
const FIELD_NAME = /^[A-Za-z]\w{0,63}$/;

const SHOWN = new Map<string, (text: string) => boolean>([
  ['companyId', isShort],
  ['conversationId', isShort],
  ['messageId', isShort],
  ['role', (text) => ROLES.some((role) => role === text)],
  ['createdAt', (text) => /^[\d:.TZ+-]{1,40}$/.test(text)],
]);
/** Lists whose items are described one by one. */
const LISTS = ['messages'];

/** A job's payload. */
export function describePayload(payload: unknown): unknown {
  return isRecord(payload) ? describeFields(payload) : hidden(payload);
}

function describeFields(record: Record<string, unknown>): Record<string, unknown> {
  const named = Object.entries(record).filter(([name]) => FIELD_NAME.test(name));
  return Object.fromEntries(named.map(([name, value]) => [name, describeField(name, value)]));
}

function describeField(name: string, value: unknown): unknown {
  if (LISTS.includes(name) && Array.isArray(value)) return describeList(value);
  return typeof value === 'string' && SHOWN.get(name)?.(value) ? value : hidden(value);
}

function describeList(items: readonly unknown[]): unknown[] {
  const shown = items.slice(0, ITEMS_SHOWN_MAX).map(describePayload);
  const more = items.length - shown.length;
  return more > 0 ? [...shown, `(${more} more)`] : shown;
}

/** How much there is, in place of what it is. */
export function hidden(value: unknown): unknown {
  if (value === undefined || value === null) return value;
  if (typeof value === 'string') return `(hidden: ${Buffer.byteLength(value)} bytes)`;
  if (Array.isArray(value)) return `(hidden: ${value.length} items)`;
  if (isRecord(value)) return `(hidden: ${Object.keys(value).length} fields)`;
  return '(hidden)';
}

/** Reasons of ours have a code, and are written to be read; others quote what they choked on. */
const OWN_REASON = /^[A-Z]+(?:_[A-Z]+)+: /;
const STALLED = 'job stalled more than allowable limit';

function describeReason(reason: unknown): unknown {
  if (typeof reason !== 'string' || reason === '') return reason;
  if (OWN_REASON.test(reason) || reason === STALLED) return reason;
  return `${String(hidden(reason))}: see the log of the fleet for this job`;
}

/** Fields of Bull Board's answers that may hold what a client said, at whatever depth. */
const DESCRIBED = new Map<string, (value: unknown) => unknown>([
  ['name', describeName],
  ['failedReason', describeReason],
  ['deferredFailure', describeReason],
  ['stacktrace', () => []], // Begins with the reason, and with those of earlier attempts.
  ['ignoredChildFailureReasons', hidden],
  ['progress', (progress) => (typeof progress === 'number' ? progress : hidden(progress))],
  ['returnValue', hidden],
  ['template', hidden],
  ['opts', describeOptions],
]);

/** Answers of Bull Board, whose jobs' payloads are described already. */
export function redactAnswer(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(redactAnswer);
  if (!isRecord(answer)) return answer;
  const entries = Object.entries(answer).map(([name, value]) => {
    return [name, DESCRIBED.get(name)?.(value) ?? redactAnswer(value)];
  });
  return Object.fromEntries(entries);
}

/** Fleet and producer name jobs after their queue; what others name them is shown if it is a name. */
function describeName(name: unknown): unknown {
  return typeof name === 'string' && /^[\w.:-]{1,64}$/.test(name) ? name : hidden(name);
}

/** Attempts, delays, retention: all that counts of a job's options, and no text. */
function describeOptions(options: unknown): unknown {
  if (!isRecord(options)) return hidden(options);
  const entries = Object.entries(options).flatMap(([name, value]): [string, unknown][] => {
    return isRecord(value)
      ? [[name, onlyNumbers(value)]]
      : Object.entries(onlyNumbers({ [name]: value }));
  });
  return Object.fromEntries(entries.filter(([name]) => FIELD_NAME.test(name)));
}

function onlyNumbers(record: Record<string, unknown>): Record<string, unknown> {
  const counts = Object.entries(record).filter(([name, value]) => {
    return FIELD_NAME.test(name) && (typeof value === 'number' || typeof value === 'boolean');
  });
  return Object.fromEntries(counts);
}

function isShort(text: string): boolean {
  return text.length <= ID_LENGTH_SHOWN_MAX;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
