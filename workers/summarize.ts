import { PipelineError } from '../domain/errors.ts';
import { isTooSlow, type Spent, SummaryFailed } from '../domain/spent.ts';
import { instantOf } from '../domain/instant.ts';
import {
  failureThatCounts,
  type Gist,
  isStale,
  type Summary,
  type SummaryState,
} from '../domain/summary.ts';
import type { PayloadOf } from '../queues/index.ts';
import type { SummarizeOne } from '../queues/summarize.ts';
import type { Summarizer, SummaryWork } from '../summaries/summarizer.ts';
import type { Attempt } from './attempt.ts';
import { type FindMessages, readNewest, readSince } from './read-conversation.ts';

export interface SummarizeDeps {
  readonly summarizer: Summarizer;
  /** Conversations that are quiet and have no Summary of all they hold, as they are found. */
  findDueSummaries(signal: AbortSignal): AsyncIterable<readonly ConversationName[]>;
  summarizeLater(conversation: ConversationName, delayMs: number): Promise<void>;
  /** Null: there is no such Conversation. */
  readSummary(conversation: ConversationName): Promise<SummaryState | null>;
  findMessages: FindMessages;
  /** How many the Company may still spend on this UTC day. */
  tokensLeft(companyId: string): Promise<number>;
  /** False if another one of that version was kept before. */
  keepSummary(companyId: string, summary: Summary): Promise<boolean>;
  /** Charges the Company for a Summary that is not kept. */
  noteWasted(companyId: string, spent: Spent): Promise<void>;
  /** Keeps others from trying again before the next night, unless more is said. */
  noteSummaryFailure(failed: FailedSummary): Promise<void>;
  /** Milliseconds since 1970. */
  now(): number;
  /** A draw from [0, 1). */
  random(): number;
}

interface ConversationName {
  readonly companyId: string;
  readonly conversationId: string;
}

interface FailedSummary extends ConversationName {
  readonly code: string;
  /** Messages that the Conversation had. */
  readonly messageCount: number;
}

/**
 * Makes the Summary of a Conversation, or has all made that are due. Safe to run twice: a Summary
 * that knows all that was said is left as it is.
 *
 * @throws PipelineError `SUMMARY_BUDGET_SPENT`, to go on the next day; `SUMMARY_OUTRUN`.
 */
export async function summarizeConversation(
  job: PayloadOf<'summarize'>,
  deps: SummarizeDeps,
  signal: AbortSignal,
  attempt: Attempt = BY_HAND,
) {
  if (job.conversationId === undefined) return summarizeDue(deps, signal);
  const state = await deps.readSummary(job);
  if (!state || isEnough(state, job)) return { made: 0 };
  // Who asked while another job was at it, and failed, did not ask for another attempt.
  if (attempt.isFirst && failureThatCounts(state, deps.now())) return { made: 0 };
  // Those that run at this moment do not know of each other: a few may go beyond.
  if ((await deps.tokensLeft(job.companyId)) <= 0) {
    // The next night finds it again, behind what is newer. Kept, such jobs would only become more.
    if (job.isNightly) return { made: 0 };
    throw budgetSpent(deps);
  }
  const reading = await readWork(state, job, { deps, signal });
  if (reading.messages.length === 0) {
    await noteFailure({ state, companyId: job.companyId, code: NOTHING_TO_READ }, deps);
    return { made: 0 };
  }
  const summary = await makeOrCharge(state, reading, job.companyId, { deps, signal, attempt });
  if (await keepOrCharge(summary, job.companyId, deps)) return { made: 1 };
  throw summaryOutrun();
}

/** As `redrive` has it: somebody wants it tried, whatever failed before. */
const BY_HAND: Attempt = { failures: 0, isFirst: false };

/** So long may a night's Summaries take. */
const SPREAD_MS = 4 * 60 * 60_000;
/** So long are they looked for: well within what the queue allows the job, so that it ends well. */
const LOOKING_MS_MAX = 10 * 60_000;

/** Each is asked for as it is found: what ends the search, or the process, costs none of those. */
async function summarizeDue(deps: SummarizeDeps, signal: AbortSignal) {
  const enough = AbortSignal.timeout(LOOKING_MS_MAX);
  let asked = 0;
  for await (const due of deps.findDueSummaries(AbortSignal.any([signal, enough]))) {
    signal.throwIfAborted();
    const first = asked;
    asked += due.length;
    await Promise.all(due.map((one, at) => deps.summarizeLater(one, delayOf(first + at))));
  }
  signal.throwIfAborted();
  return { asked };
}

/** So many take half of the night. */
const HALF_NIGHT_JOBS = 1_000;

/**
 * Spreads over the night what nobody has counted yet, so that neither MySQL nor a model is asked all
 * at once. It grows with the rank: what was found first, which is the newest, is made first, while there
 * are tokens. The first ones come a quarter of a minute apart, and later ones ever closer, so that
 * none waits longer than the night, however many there are.
 *
 * @param nth From 0, which is not delayed.
 */
function delayOf(nth: number): number {
  return Math.floor((SPREAD_MS * nth) / (nth + HALF_NIGHT_JOBS));
}

function isEnough({ conversation, summary }: SummaryState, { upTo, replaces }: SummarizeOne) {
  if (!summary) return false;
  const reaches = upTo !== undefined && Date.parse(summary.upTo.createdAt) >= Date.parse(upTo);
  return (reaches || !isStale(summary, conversation)) && summary.version > (replaces ?? 0);
}

interface Run {
  readonly deps: SummarizeDeps;
  readonly signal: AbortSignal;
}

interface Trial extends Run {
  readonly attempt: Attempt;
}

/** What the Summarizer is given, and how many Messages it knows of then. */
interface Work extends SummaryWork {
  readonly known: number;
}

async function readWork(state: SummaryState, job: SummarizeOne, run: Run): Promise<Work> {
  const { companyId, conversationId } = job;
  const { findMessages } = run.deps;
  const previous = followable(state, job, run.deps);
  if (previous) {
    const since = { companyId, conversationId, upTo: previous.upTo };
    const { messages, isWhole } = await readSince(findMessages, since, run.signal);
    const known = previous.messageCount + messages.length;
    // Fewer than there are: some came late, and lie before what it knows.
    if (isWhole && messages.length > 0 && known >= state.conversation.messageCount) {
      return { messages, previous: gistOf(previous), known };
    }
  }
  const { messages } = await readNewest(findMessages, { companyId, conversationId }, run.signal);
  return { messages, previous: null, known: messages.length };
}

/** The Summary to go on from: of the same hand, and not one that somebody wants otherwise. */
function followable(
  { summary }: SummaryState,
  { replaces }: SummarizeOne,
  { summarizer: { isRolling, model, promptVersion } }: SummarizeDeps,
): Summary | null {
  if (!isRolling || replaces !== undefined) return null;
  const isOwn = summary?.model === model && summary.promptVersion === promptVersion;
  return isOwn ? summary : null;
}

/** Without what is only known of it as something kept. */
function gistOf({ summary, keyPoints, sentiment, tags, language }: Summary): Gist {
  return { summary, keyPoints, sentiment, tags, language };
}

async function makeOrCharge(
  state: SummaryState,
  work: Work,
  companyId: string,
  { attempt, ...run }: Trial,
): Promise<Summary> {
  try {
    return await make(state, work, run);
  } catch (thrown) {
    if (thrown instanceof SummaryFailed) await run.deps.noteWasted(companyId, thrown.spent);
    const error = attempt.failures > 0 ? finalIfSlow(thrown) : thrown;
    const isFinal = error instanceof PipelineError && error.retry === 'never';
    if (isFinal) await noteFailure({ state, companyId, code: error.code }, run.deps);
    throw error;
  }
}

/** A server may be slow once. What is too long for it twice is so eight times, and is paid for as often. */
function finalIfSlow(error: unknown): unknown {
  if (!isTooSlow(error)) return error;
  return new PipelineError(error.code, error.message, { retry: 'never', cause: error });
}

/** The Messages are gone, or in an archive that is not configured here. */
const NOTHING_TO_READ = 'NOTHING_TO_READ';

async function noteFailure(
  { state, companyId, code }: { state: SummaryState; companyId: string; code: string },
  deps: SummarizeDeps,
): Promise<void> {
  const { conversationId, messageCount } = state.conversation;
  await deps.noteSummaryFailure({ companyId, conversationId, code, messageCount });
}

/** @returns Whether it is kept; if not, it was charged for all the same. */
async function keepOrCharge(
  summary: Summary,
  companyId: string,
  { keepSummary, noteWasted }: SummarizeDeps,
): Promise<boolean> {
  let isKept = false;
  try {
    isKept = await keepSummary(companyId, summary);
    return isKept;
  } finally {
    if (!isKept) await noteWasted(companyId, summary);
  }
}

async function make(
  { conversation, summary }: SummaryState,
  { messages, previous, known }: Work,
  { deps, signal }: Run,
): Promise<Summary> {
  const last = messages.at(-1);
  if (!last) throw new Error('a Summary of no Messages');
  const { summarizer } = deps;
  const work = { messages, previous };
  const { gist, tokens, costMicros } = await summarizer.summarize(work, signal);
  return {
    ...gist,
    conversationId: conversation.conversationId,
    version: (summary?.version ?? 0) + 1,
    // Of a very long Conversation not all were read; what came meanwhile may have been.
    messageCount: Math.max(known, conversation.messageCount),
    durationMinutes: minutesBetween(conversation.firstMessageAt, last.createdAt),
    upTo: { messageId: last.messageId, createdAt: last.createdAt },
    madeAt: instantOf(deps.now()),
    model: summarizer.model,
    promptVersion: summarizer.promptVersion,
    tokens,
    costMicros,
  };
}

function minutesBetween(from: string, to: string): number {
  return Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 60_000));
}

const DAY_MS = 24 * 60 * 60_000;

/** Until the next UTC day, and from then on spread: all that wait would come at the same moment. */
function budgetSpent({ now, random }: SummarizeDeps): PipelineError {
  const untilMidnightMs = DAY_MS - (now() % DAY_MS);
  return new PipelineError(
    'SUMMARY_BUDGET_SPENT',
    "the company's tokens of today are spent; the summary is made tomorrow, or raise LLM_TOKENS_PER_COMPANY_DAY_MAX",
    { retry: { afterMs: untilMidnightMs + Math.floor(random() * SPREAD_MS) } },
  );
}

/** The next attempt sees what the other one knew, and makes another only if that is not all. */
const summaryOutrun = () =>
  new PipelineError('SUMMARY_OUTRUN', 'another summary of the conversation was kept meanwhile', {
    retry: 'backoff',
  });
