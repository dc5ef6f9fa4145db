import type { Kysely } from 'kysely';
import type { StatsRequest } from '../../domain/stats.ts';
import type { CountSpan } from '../../domain/usage.ts';
import type { Cache } from '../cache/open.ts';
import type { Cold } from '../cold/open-cold.ts';
import type { Names } from '../names.ts';
import type { Database } from '../schema.ts';
import { findUncounted } from './reconcile.ts';
import { recount } from './recount.ts';
import { getMessageStats, readStatsBytes } from './stats.ts';

/** What was said, counted: how it is counted, and what is read of it. */
export function openUsage(deps: {
  readonly db: Kysely<Database>;
  readonly names: Names;
  readonly cache: Cache;
  readonly cold: Cold;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}) {
  const { db, now, random } = deps;
  return {
    recount: (wanted: { companyId: string; span: CountSpan }, signal: AbortSignal) =>
      recount(deps, wanted, signal),
    findUncounted: (wanted: { isTodayMeant: boolean }, signal: AbortSignal) =>
      findUncounted(db, wanted, { nowMs: now(), random, signal }),
    readStatsBytes: (request: StatsRequest) => readStatsBytes(deps, request, now()),
    getMessageStats: (request: StatsRequest) => getMessageStats(deps, request, now()),
  };
}
