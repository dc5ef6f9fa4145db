import type { PatternsWanted } from '../domain/patterns/request.ts';
import type { CountSpan } from '../domain/usage.ts';
import type { PayloadOf } from '../queues/index.ts';

interface UsageWanted {
  readonly companyId: string;
  readonly span: CountSpan;
}

export interface AggregateDeps {
  /** Counts anew all Conversations that spoke in the span. */
  recount(wanted: UsageWanted, signal: AbortSignal): Promise<{ conversations: number }>;
  /** The days on which Usage and Ledger differ. */
  findUncounted(wanted: { isTodayMeant: boolean }): Promise<readonly UsageWanted[]>;
  recountLater(wanted: UsageWanted): Promise<void>;
  /** Whether they were found a moment ago. */
  arePatternsJustFound(wanted: PatternsWanted): Promise<boolean>;
  /** Looks for the patterns of a Company, and keeps what it finds. */
  keepPatterns(wanted: PatternsWanted, signal: AbortSignal): Promise<void>;
  /** All that somebody asks for now and then. */
  findWantedPatterns(signal: AbortSignal): Promise<readonly PatternsWanted[]>;
  findPatternsLater(wanted: PatternsWanted): Promise<void>;
}

/**
 * Counts what was said, or looks for what the counts show. Safe to run twice: what was counted or found
 * before is replaced.
 */
export async function aggregateUsage(
  job: PayloadOf<'aggregate'>,
  deps: AggregateDeps,
  signal: AbortSignal,
) {
  if ('from' in job) {
    const { companyId, from, to } = job;
    return deps.recount({ companyId, span: { from, to } }, signal);
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
  for (const wanted of await deps.findUncounted({ isTodayMeant })) await deps.recountLater(wanted);
}

/** Who polls while they are looked for has them asked for once more, which is no new work. */
async function findPatterns(wanted: PatternsWanted, deps: AggregateDeps, signal: AbortSignal) {
  if (await deps.arePatternsJustFound(wanted)) return;
  await deps.keepPatterns(wanted, signal);
}
