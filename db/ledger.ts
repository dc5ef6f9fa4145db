import { CompiledQuery, type Kysely } from 'kysely';
import { dayOf } from '../domain/instant.ts';
import type { HotRow } from './hot.ts';
import type { Database } from './schema.ts';

/** How many writers can add to one Company and day without waiting for each other's commits. */
export const LEDGER_SLOTS = 32;

/** Counts newly stored Messages into the Ledger, in the transaction that stores them. */
export async function recordStored(
  db: Kysely<Database>,
  rows: readonly HotRow[],
  slot: number,
): Promise<void> {
  const perDay = new Map<string, [companyNo: number, day: string, slot: number, count: number]>();
  for (const { companyNo, message } of rows) {
    const day = dayOf(message.createdAt);
    const key = `${companyNo} ${day}`;
    const entry = perDay.get(key);
    if (entry) entry[3] += 1;
    else perDay.set(key, [companyNo, day, slot, 1]);
  }
  const entries = [...perDay.values()].sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1));
  const values = entries.map((entry) => [...entry, entry[3]]);
  await db.executeQuery(CompiledQuery.raw(RECORD, [values]));
}

const RECORD = `insert into ledger (company_no, day, slot, stored_total, hot) values ?
  on duplicate key update stored_total = stored_total + values(stored_total), hot = hot + values(hot)`;

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
