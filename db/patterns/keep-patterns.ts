import { setImmediate as breathe } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { instantOf, HOUR_MS } from '../../domain/instant.ts';
import type { Span } from '../../domain/patterns/observations.ts';
import { patternsOf } from '../../domain/patterns/patterns.ts';
import type { PatternsWanted } from '../../domain/patterns/request.ts';
import { edgesOf } from '../../domain/stats-buckets.ts';
import { toDatetime } from '../datetime.ts';
import { faultKind } from '../faults.ts';
import type { Names } from '../names.ts';
import type { Database } from '../schema.ts';
import { observe } from './observe.ts';

interface Deps {
  readonly db: Kysely<Database>;
  readonly names: Names;
}

/** When it is, in milliseconds since 1970; and what ends it between two steps. */
interface Run {
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/**
 * Looks for the patterns of a Company, and keeps what it finds in the place of what was there; or
 * notes that it came to nothing, unless MySQL itself was the matter.
 */
export async function keepPatterns(
  { db, names }: Deps,
  { companyId, days, timeZone }: PatternsWanted,
  { nowMs, signal }: Run,
): Promise<void> {
  const companyNo = await names.companyNo(companyId);
  if (companyNo === null) return;
  const place = { companyNo, days, timeZone, at: toDatetime(instantOf(nowMs)) };
  try {
    const edges = edgesOf({ days, timeZone, by: 'day' }, nowMs);
    const span = { from: momentOf(edges[0]), to: momentOf(edges.at(-1)), timeZone };
    await write(db, place, JSON.stringify(await find(db, { companyNo, span }, signal)));
  } catch (error) {
    if (faultKind(error) !== 'transient') await noteFailed(db, place);
    throw error;
  }
}

const momentOf = (hourNo = 0) => instantOf(hourNo * HOUR_MS);

/** Pattern by pattern: each computes for long, and the event loop has the job's lock to renew. */
async function find(
  db: Kysely<Database>,
  wanted: { companyNo: number; span: Span },
  signal: AbortSignal,
) {
  const seen = await observe(db, wanted, signal);
  const found: Record<string, unknown> = {};
  for (const [name, pattern] of patternsOf(seen, wanted.span)) {
    found[name] = pattern;
    await breathe();
    signal.throwIfAborted();
  }
  const { conversationsFrom, summariesFrom, clientShare } = seen;
  return { ...wanted.span, conversationsFrom, summariesFrom, clientShare, ...found };
}

interface Place {
  readonly companyNo: number;
  readonly days: number;
  readonly timeZone: string;
  /** Now. */
  readonly at: string;
}

async function write(
  db: Kysely<Database>,
  { companyNo, days, timeZone, at }: Place,
  patterns: string,
): Promise<void> {
  await sql`
    insert into company_patterns (company_no, days, time_zone, asked_at, found_at, patterns)
    values (${companyNo}, ${days}, ${timeZone}, ${at}, ${at}, ${patterns})
    on duplicate key update
      found_at = values(found_at), failed_at = null, patterns = values(patterns)`.execute(db);
}

/** To have noted it is worth no second error. */
async function noteFailed(
  db: Kysely<Database>,
  { companyNo, days, timeZone, at }: Place,
): Promise<void> {
  await db
    .updateTable('company_patterns')
    .set({ failed_at: at })
    .where('company_no', '=', companyNo)
    .where('days', '=', days)
    .where('time_zone', '=', timeZone)
    .execute()
    .catch(() => {});
}
