import type { PayloadOf, QueueName } from '../queues/index.ts';
import { type AggregateDeps, aggregateUsage } from './aggregate.ts';
import { type ArchiveBatchDeps, archiveMessages } from './archive-batch.ts';
import type { Attempt } from './attempt.ts';
import { type CacheWarmDeps, warmCache } from './cache-warm.ts';
import { type PersistDeps, persistMessages } from './persist.ts';
import { type SummarizeDeps, summarizeConversation } from './summarize.ts';

/** All that processors need, as functions; `wiring.ts` supplies them. */
export interface Deps extends PersistDeps, CacheWarmDeps, ArchiveBatchDeps, AggregateDeps {}
export interface Deps extends PersistDeps, CacheWarmDeps, ArchiveBatchDeps, SummarizeDeps {}

/** The work of one queue. It knows neither BullMQ nor MySQL, and may run twice for one job. */
export type Processor<Name extends QueueName> = (
  payload: PayloadOf<Name>,
  deps: Deps,
  signal: AbortSignal,
  attempt: Attempt,
) => Promise<unknown>;

/** One processor for each queue: a queue without one does not compile. */
export const processors: { readonly [Name in QueueName]: Processor<Name> } = {
  persist: persistMessages,
  'cache-warm': warmCache,
  'archive-batch': archiveMessages,
  aggregate: aggregateUsage,
  summarize: summarizeConversation,
};
