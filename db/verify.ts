import { type Kysely, sql } from 'kysely';
import { PipelineError } from '../domain/errors.ts';
import { type Entry, listEntries } from './cold/catalogue.ts';
import type { Cold, OpenCold } from './cold/open-cold.ts';
import type { ColdStore } from './cold/store.ts';
import { readPrints } from './cold/walk-segment.ts';
import type { Database } from './schema.ts';

/** Something that is not as it must be. */
export interface Fault {
  /** Null for an object that nobody claims. */
  readonly companyId: string | null;
  readonly sentence: string;
}

export interface Verified {
  /** Messages counted, by tier. */
  readonly counts: { readonly hot: number; readonly warm: number; readonly cold: number };
  readonly segments: number;
  readonly faults: readonly Fault[];
}

export interface VerifyOptions {
  /** Also reads every Segment, and looks for objects that belong to none. */
  readonly isDeep: boolean;
  readonly signal: AbortSignal;
  readonly onSegment?: (() => void) | undefined;
}

/** An object younger than this may be one that is being written. */
const ORPHAN_AGE_MS = 3_600_000;

/**
 * Counts all Messages anew and compares with the Ledger, as everything is at one moment. Deep: reads
 * the whole archive, too.
 */
export async function verify(
  { db, cold }: { db: Kysely<Database>; cold: Cold },
  options: VerifyOptions,
): Promise<Verified> {
  const { days, entries } = await readAll(db);
  const faults = days.flatMap(faultsOfDay);
  if (options.isDeep && cold) {
    const live = entries.filter(({ state }) => state === 'live');
    const companyIds = new Map(days.map((day) => [day.companyNo, day.companyId]));
    faults.push(...(await faultsOfSegments(cold, { live, companyIds, options })));
    faults.push(...(await findOrphans(cold.store, entries)));
  }
  const sum = (tier: 'hot' | 'warm' | 'cold') =>
    days.reduce((total, day) => total + day.found[tier], 0);
  const counts = { hot: sum('hot'), warm: sum('warm'), cold: sum('cold') };
  const segments = entries.filter(({ state }) => state === 'live').length;
  return { counts, segments, faults };
}

interface TierCounts {
  readonly hot: number;
  readonly warm: number;
  readonly cold: number;
}

interface Day {
  readonly companyNo: number;
  readonly companyId: string;
  readonly day: string;
  readonly stored: number;
  readonly erased: number;
  /** What the Ledger says, and what there is. */
  readonly told: TierCounts;
  readonly found: TierCounts;
  /** How many of `found.warm` are cold as well, because the warm tier has not let go of them yet. */
  readonly twice: number;
}

function readAll(db: Kysely<Database>): Promise<{ days: Day[]; entries: Entry[] }> {
  const snapshot = db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only');
  return snapshot.execute(async (transaction) => {
    const days = await readDays(transaction);
    return { days, entries: await listEntries(transaction) };
  });
}

async function readDays(db: Kysely<Database>): Promise<Day[]> {
  const { rows } = await sql<Record<string, string> & { companyNo: number; day: string }>`
    select counted.company_no as companyNo, company_id as companyId, day,
      sum(told_stored) as toldStored, sum(erased) as erased,
      sum(told_hot) as toldHot, sum(told_warm) as toldWarm, sum(told_cold) as toldCold,
      sum(hot) as hot, sum(warm) as warm, sum(cold) as cold, sum(twice) as twice
    from (
      select company_no, day, stored_total as told_stored, erased, hot as told_hot, warm as told_warm,
        cold as told_cold, 0 as hot, 0 as warm, 0 as cold, 0 as twice from ledger
      union all
      select company_no, date(created_at), 0, 0, 0, 0, 0, count(*), 0, 0, 0 from messages_hot
        group by company_no, date(created_at)
      union all
      select company_no, date(created_at), 0, 0, 0, 0, 0, 0, count(*), 0, 0 from messages_warm
        group by company_no, date(created_at)
      union all
      select segments.company_no, segment_days.day, 0, 0, 0, 0, 0, 0, 0, segment_days.row_count,
        if(is_cleared, 0, segment_days.row_count)
        from segments join segment_days using (segment_id) where state = 'live'
    ) as counted join companies on companies.company_no = counted.company_no
    group by counted.company_no, company_id, day
    order by company_id, day`.execute(db);
  return rows.map((row) => {
    const number = (column: string) => Number(row[column]);
    return {
      companyNo: row.companyNo,
      companyId: row['companyId'] ?? '',
      day: row.day,
      stored: number('toldStored'),
      erased: number('erased'),
      told: { hot: number('toldHot'), warm: number('toldWarm'), cold: number('toldCold') },
      found: { hot: number('hot'), warm: number('warm'), cold: number('cold') },
      twice: number('twice'),
    };
  });
}

function faultsOfDay(day: Day): Fault[] {
  const { companyId, told, found, stored, erased, twice } = day;
  const sentences: string[] = [];
  const accounted = told.hot + told.warm + told.cold + erased;
  if (stored !== accounted) {
    sentences.push(`the Ledger says ${stored} were stored and ${accounted} are somewhere`);
  }
  for (const tier of ['hot', 'cold'] as const) {
    if (told[tier] !== found[tier]) {
      sentences.push(`the Ledger says ${told[tier]} are ${tier}, there are ${found[tier]}`);
    }
  }
  // Between the recording of a Segment and the clearing of warm, some are in both.
  if (found.warm < told.warm || found.warm > told.warm + twice) {
    sentences.push(`the Ledger says ${told.warm} are warm, there are ${found.warm}`);
  }
  return sentences.map((sentence) => ({ companyId, sentence: `${day.day}: ${sentence}` }));
}

async function faultsOfSegments(
  cold: OpenCold,
  {
    live,
    companyIds,
    options,
  }: {
    live: readonly Entry[];
    companyIds: ReadonlyMap<number, string>;
    options: VerifyOptions;
  },
): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const segment of live) {
    if (options.signal.aborted) break;
    const sentence = await faultOf(segment);
    if (sentence !== null) {
      faults.push({ companyId: companyIds.get(segment.companyNo) ?? null, sentence });
    }
    options.onSegment?.();
  }
  return faults;

  async function faultOf(segment: Entry): Promise<string | null> {
    const { objectKey } = segment;
    const found = await cold.store.head(objectKey);
    if (!found) return `segment ${objectKey}: the object is missing`;
    if (found.bytes !== segment.bytes) {
      return `segment ${objectKey}: has ${found.bytes} bytes instead of ${segment.bytes}`;
    }
    try {
      const { sha256, rows } = await readPrints(cold, segment);
      if (rows !== segment.rows) {
        return `segment ${objectKey}: holds ${rows} messages instead of ${segment.rows}`;
      }
      return sha256 === segment.sha256 ? null : `segment ${objectKey}: its bytes have changed`;
    } catch (error) {
      const code = error instanceof PipelineError ? error.code : null;
      // Whatever else is wrong with one, the others are to be looked at.
      if (!(error instanceof Error) || code === 'COLD_UNREACHABLE') throw error;
      return code === 'SEGMENT_CORRUPT' ? error.message : `segment ${objectKey}: ${error.message}`;
    }
  }
}

async function findOrphans(store: ColdStore, entries: readonly Entry[]): Promise<Fault[]> {
  const known = new Set(entries.map(({ objectKey }) => objectKey));
  const faults: Fault[] = [];
  for await (const { key, writtenAtMs } of store.list('company=')) {
    if (known.has(key) || Date.now() - writtenAtMs < ORPHAN_AGE_MS) continue;
    faults.push({ companyId: null, sentence: `object ${key}: belongs to no segment` });
  }
  return faults;
}
