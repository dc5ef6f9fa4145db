import { PipelineError } from '../domain/errors.ts';
import { checkMessage, FUTURE_MS_MAX, type Message, type MessageFault } from '../domain/message.ts';
import { quoted } from '../domain/text.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { PayloadOf } from '../queues/index.ts';

export interface PersistDeps {
  /** Resolves after the commit, with one Verdict for each Message, in order. */
  storeMessages(messages: readonly Message[], signal: AbortSignal): Promise<readonly Verdict[]>;
  warmConversation(conversation: { companyId: string; conversationId: string }): Promise<void>;
  /** Resolves when it is sure that these Messages will be counted. */
  countLater(messages: readonly Message[]): Promise<void>;
  /** Told how many Messages of a job cannot be stored; metrics sit here. */
  countRefused(messages: number): void;
  /** Milliseconds since 1970. */
  now(): number;
}

/**
 * Stores the Messages of a job, then has the pages warmed that somebody reads. Safe to run twice.
 *
 * @throws PipelineError `MESSAGES_REFUSED` if some cannot be stored, after all others were.
 */
export async function persistMessages(
  job: PayloadOf<'persist'>,
  deps: PersistDeps,
  signal: AbortSignal,
) {
  // What the producer accepted, a worker with a slower clock must not refuse: twice the tolerance.
  const { messages, refusals } = sort(job.messages, deps.now() + FUTURE_MS_MAX);
  const verdicts = messages.length > 0 ? await deps.storeMessages(messages, signal) : [];
  // Duplicates, too: the attempt that stored them may have died before this line.
  await deps.countLater(messages);

  const toWarm = new Map<string, Message>();
  const outcomes = { stored: 0, duplicate: 0, refused: 0 };
  for (const [at, message] of messages.entries()) {
    const verdict = verdicts[at];
    if (!verdict) throw new Error(`storeMessages gave ${verdicts.length} of ${messages.length}`);
    outcomes[verdict.outcome] += 1;
    if (verdict.outcome === 'refused') refusals.push(refusalOf(message.messageId, verdict.reason));
    if (verdict.outcome === 'stored' && verdict.wasRead) {
      toWarm.set(`${message.companyId}\n${message.conversationId}`, message);
    }
  }
  // If this process dies before here, or this fails, its next reader fills the page instead.
  await Promise.allSettled([...toWarm.values()].map(deps.warmConversation));

  if (refusals.length > 0) {
    deps.countRefused(refusals.length);
    throw messagesRefused(refusals, job.messages.length);
  }
  return { stored: outcomes.stored, duplicates: outcomes.duplicate };
}

/** Parts what can be stored from what cannot, so that one bad Message takes no other with it. */
function sort(inputs: readonly unknown[], now: number) {
  const messages: Message[] = [];
  const refusals: string[] = [];
  for (const input of inputs) {
    const { message, fault } = checkMessage(input, now);
    if (message) messages.push(message);
    else refusals.push(refusalOf(messageIdOf(input), describe(fault)));
  }
  return { messages, refusals };
}

/** Reasons reach the log. A field nobody knows is told only if it looks like one: it may be text. */
const FIELD_NAME = /^[\w.-]{1,64}$/;

function describe({ field, reason }: MessageFault): string {
  return `${FIELD_NAME.test(field) ? field : 'a field without a proper name'} ${reason}`;
}

function refusalOf(messageId: string, reason: string): string {
  return `message ${quoted(messageId)}: ${reason}`;
}

function messageIdOf(input: unknown): string {
  const hasId = typeof input === 'object' && input !== null && 'messageId' in input;
  return hasId && typeof input.messageId === 'string' ? input.messageId : '(without id)';
}

const REFUSALS_SHOWN_MAX = 5;

/** No retry mends a Message. The job stays visible as dead, with all it holds, to be redriven. */
function messagesRefused(refusals: readonly string[], total: number): PipelineError {
  const shown = refusals.slice(0, REFUSALS_SHOWN_MAX).join('; ');
  const sentence = `${refusals.length} of ${total} messages refused, the others stored: ${shown}`;
  return new PipelineError('MESSAGES_REFUSED', sentence, { retry: 'never' });
}
