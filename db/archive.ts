import type { Kysely } from 'kysely';
import type { ArchiveBatch } from '../domain/archive.ts';
import { youngSince } from './boundaries.ts';
import { coldUnconfigured } from './cold/faults.ts';
import { compact } from './cold/compact.ts';
import { moveToCold } from './cold/move-to-cold.ts';
import type { Cold } from './cold/open-cold.ts';
import { moveToWarm } from './move-to-warm.ts';
import type { Names } from './names.ts';
import type { Database } from './schema.ts';

export interface ArchiveOptions {
  readonly breathe: (tookMs: number) => Promise<void>;
  readonly signal: AbortSignal;
  /** Told after each step how many Messages it moved. */
  readonly onMoved?: (messages: number) => void;
}

interface Deps {
  readonly db: Kysely<Database>;
  /** See `withDayLocks`. */
  readonly locks: Kysely<Database>;
  readonly names: Names;
  readonly cold: Cold;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Moves a Company's Messages out of a tier, or puts them together: the one way, whoever asks. */
export async function archive(
  { db, locks, names, cold, now }: Deps,
  batch: ArchiveBatch,
  options: ArchiveOptions,
): Promise<{ moved: number }> {
  const companyNo = await names.companyNo(batch.companyId);
  if (companyNo === null) return { moved: 0 };
  if (batch.tier === 'hot') {
    // Whatever is younger is looked for in the hot tier alone when it is sent again (P2).
    const since = youngSince(now());
    const before = batch.before < since ? batch.before : since;
    return moveToWarm(db, { companyNo, before }, options);
  }
  if (cold === null) throw coldUnconfigured();
  if (batch.tier === 'cold') {
    const month = { ...batch, companyNo };
    const { rows } = await compact({ ...cold, db, locks }, month, options.signal);
    options.onMoved?.(rows);
    return { moved: rows };
  }
  const { companyId, day, lastDay = day } = batch;
  const days = { companyId, companyNo, firstDay: day, lastDay };
  return moveToCold({ ...cold, db, locks }, days, options);
}
