import { CompiledQuery, type Kysely, sql } from 'kysely';
import type { Tier } from '../domain/archive.ts';
import { dayOf } from '../domain/instant.ts';
import type { KeyedMessage } from './keyed-message.ts';
import type { Database } from './schema.ts';

/**
 * How many writers can add to one Company and day without waiting for each other's commits. The slot
 * after theirs belongs to those who move Messages.
 */
export const LEDGER_SLOTS = 32;
export const MOVES_SLOT = LEDGER_SLOTS;

/** Counts newly stored Messages into the Ledger, in the transaction that stores them. */
export async function recordStored(
  db: Kysely<Database>,
  stored: Partial<Record<Tier, readonly KeyedMessage[]>>,
  slot: number,
): Promise<void> {
  const days = new Map<string, DayCount>();
  for (const tier of ['hot', 'warm', 'cold'] as const) {
    for (const { companyNo, message } of stored[tier] ?? []) {
      const day = dayOf(message.createdAt);
      const key = `${companyNo} ${day}`;
      const count = days.get(key) ?? { companyNo, day, hot: 0, warm: 0, cold: 0 };
      count[tier] += 1;
      days.set(key, count);
    }
  }
  const counts = [...days.values()].sort(
    (a, b) => a.companyNo - b.companyNo || (a.day < b.day ? -1 : 1),
  );
  const values = counts.map(({ companyNo, day, hot, warm, cold }) => {
    return [companyNo, day, slot, hot + warm + cold, hot, warm, cold];
  });
  await db.executeQuery(CompiledQuery.raw(RECORD, [values]));
}

interface DayCount extends Record<Tier, number> {
  readonly companyNo: number;
  readonly day: string;
}

const RECORD = `insert into ledger (company_no, day, slot, stored_total, hot, warm, cold) values ?
  on duplicate key update stored_total = stored_total + values(stored_total),
    hot = hot + values(hot), warm = warm + values(warm), cold = cold + values(cold)`;

/** What the Ledger says of a day. */
export interface DayCounts extends Record<Tier, number> {
  readonly stored: number;
}

/** The days of a Company's month, by day; those of which it says nothing are left out. */
export async function readMonth(
  db: Kysely<Database>,
  { companyNo, month }: { companyNo: number; month: string },
): Promise<Map<string, DayCounts>> {
  const rows = await db
    .selectFrom('ledger')
    .select('day')
    .select((eb) => [
      eb.fn.sum<string>('stored_total').as('stored'),
      eb.fn.sum<string>('hot').as('hot'),
      eb.fn.sum<string>('warm').as('warm'),
      eb.fn.sum<string>('cold').as('cold'),
    ])
    .where('company_no', '=', companyNo)
    .where(sql<boolean>`day between ${`${month}-01`} and last_day(${`${month}-01`})`)
    .groupBy('day')
    .execute();
  return new Map(
    rows.map(({ day, stored, hot, warm, cold }) => [
      day,
      { stored: Number(stored), hot: Number(hot), warm: Number(warm), cold: Number(cold) },
    ]),
  );
}

/** One Company's Messages of one UTC day, by where they are. */
export interface LedgerDay {
  readonly companyId: string;
  readonly day: string;
  readonly stored: number;
  readonly hot: number;
  readonly warm: number;
  readonly cold: number;
  readonly erased: number;
}

/** The Ledger, its slots summed, by Company and day. */
export async function readLedger(db: Kysely<Database>, companyNo?: number): Promise<LedgerDay[]> {
  const rows = await db
    .selectFrom('ledger')
    .innerJoin('companies', 'companies.company_no', 'ledger.company_no')
    .select(['companies.company_id as companyId', 'ledger.day'])
    .select((eb) => [
      eb.fn.sum<string>('stored_total').as('stored'),
      eb.fn.sum<string>('hot').as('hot'),
      eb.fn.sum<string>('warm').as('warm'),
      eb.fn.sum<string>('cold').as('cold'),
      eb.fn.sum<string>('erased').as('erased'),
    ])
    .$if(companyNo !== undefined, (query) => query.where('ledger.company_no', '=', companyNo ?? 0))
    .groupBy(['companies.company_id', 'ledger.day'])
    .orderBy('companies.company_id')
    .orderBy('ledger.day')
    .execute();
  return rows.map((row) => ({
    companyId: row.companyId,
    day: row.day,
    stored: Number(row.stored),
    hot: Number(row.hot),
    warm: Number(row.warm),
    cold: Number(row.cold),
    erased: Number(row.erased),
  }));
}
