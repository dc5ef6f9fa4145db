import { PipelineError } from '../domain/errors.ts';
import type { PatternsWanted } from '../domain/patterns/request.ts';
import { type CountSpan, isSlice } from '../domain/usage.ts';
import type { PayloadOf } from '../queues/index.ts';
import { openLongTurns } from './long-turns.ts';

interface UsageWanted {
  readonly companyId: string;
  readonly span: CountSpan;
}

export interface AggregateDeps {
  /** Counts anew all Conversations that spoke in the span. */
  recount(wanted: UsageWanted, signal: AbortSignal): Promise<{ conversations: number }>;
  /** The days on which Usage and Ledger differ, as they are found. */
  findUncounted(wanted: { isTodayMeant: boolean }, signal: AbortSignal): AsyncIterable<UsageWanted>;
  recountLater(wanted: UsageWanted): Promise<void>;
  /** Whether they were found a moment ago. */
  arePatternsJustFound(wanted: PatternsWanted): Promise<boolean>;
  /** Looks for the patterns of a Company, and keeps what it finds. */
  keepPatterns(wanted: PatternsWanted, signal: AbortSignal): Promise<void>;
  /** All that somebody asks for now and then. */
  findWantedPatterns(signal: AbortSignal): Promise<readonly PatternsWanted[]>;
  findPatternsLater(wanted: PatternsWanted): Promise<void>;
}

/** So long may long work keep a place from what was said just now. */
const PATIENCE_MS = 1_000;
const longTurns = openLongTurns(PATIENCE_MS);

/**
 * Counts what was said, or looks for what the counts show. Safe to run twice: what was counted or found
 * before is replaced. Five minutes are counted at once; whole days, patterns and the Ledger may take
 * minutes, and so take turns: statistics stay current while they do.
 */
export async function aggregateUsage(
  job: PayloadOf<'aggregate'>,
  deps: AggregateDeps,
  signal: AbortSignal,
): Promise<void> {
  const work = () => aggregate(job, deps, signal);
  return 'from' in job && isSlice(job) ? work() : longTurns.take(work);
}

async function aggregate(
  job: PayloadOf<'aggregate'>,
  deps: AggregateDeps,
  signal: AbortSignal,
): Promise<void> {
  if ('from' in job) {
    const { companyId, from, to } = job;
    await deps.recount({ companyId, span: { from, to } }, signal);
    return;
  }
  if ('days' in job) return findPatterns(job, deps, signal);
  if (job.due === 'patterns') {
    for (const wanted of await deps.findWantedPatterns(signal)) {
      signal.throwIfAborted();
      await deps.findPatternsLater(wanted);
    }
    return;
  }
  const { isTodayMeant = false } = job;
  for await (const wanted of deps.findUncounted({ isTodayMeant }, signal)) {
    signal.throwIfAborted();
    await deps.recountLater(wanted);
  }
}

/** Who polls while they are looked for has them asked for once more, which is no new work. */
async function findPatterns(wanted: PatternsWanted, deps: AggregateDeps, signal: AbortSignal) {
  if (await deps.arePatternsJustFound(wanted)) return;
  const limit = AbortSignal.timeout(PATTERNS_MS_MAX);
  try {
    await deps.keepPatterns(wanted, AbortSignal.any([signal, limit]));
  } catch (error) {
    throw limit.aborted ? patternsTimedOut(error) : error;
  }
}

/** Before the queue's own timeout, after which the job would be tried again. */
const PATTERNS_MS_MAX = 300_000;

/** At once it would take as long again, and keep all others from their turn. */
const patternsTimedOut = (cause: unknown) =>
  new PipelineError('PATTERNS_TIMED_OUT', 'not found in five minutes; tried again at night', {
    retry: 'never',
    cause,
  });
