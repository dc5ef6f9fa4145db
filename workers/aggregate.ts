import type { CountSpan } from '../domain/usage.ts';
import type { PayloadOf } from '../queues/index.ts';

export interface AggregateDeps {
  /** Counts anew all Conversations that spoke in the span. */
  recount(
    wanted: { companyId: string; span: CountSpan },
    signal: AbortSignal,
  ): Promise<{ conversations: number }>;
  /** The days on which Usage and Ledger differ. */
  findUncounted(): Promise<readonly { companyId: string; span: CountSpan }[]>;
  recountLater(wanted: { companyId: string; span: CountSpan }): Promise<void>;
}

/** Counts what was said. Safe to run twice: what was counted before is counted anew. */
export async function aggregateUsage(
  job: PayloadOf<'aggregate'>,
  deps: AggregateDeps,
  signal: AbortSignal,
) {
  if (job.companyId !== undefined) {
    const { companyId, from, to } = job;
    return deps.recount({ companyId, span: { from, to } }, signal);
  }
  const uncounted = await deps.findUncounted();
  for (const wanted of uncounted) await deps.recountLater(wanted);
  return { asked: uncounted.length };
}
