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
  /** Looks for the patterns of a Company, and keeps what it finds. */
  keepPatterns(wanted: PatternsWanted): Promise<void>;
  /** All that somebody asks for now and then. */
  findWantedPatterns(): Promise<readonly PatternsWanted[]>;
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
  if ('days' in job) return deps.keepPatterns(job);
  if (job.due === 'patterns') {
    for (const wanted of await deps.findWantedPatterns()) await deps.findPatternsLater(wanted);
    return;
  }
  const { isTodayMeant = false } = job;
  for (const wanted of await deps.findUncounted({ isTodayMeant })) await deps.recountLater(wanted);
}
