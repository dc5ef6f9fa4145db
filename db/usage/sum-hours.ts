import { CompiledQuery, type Kysely } from 'kysely';
import { addWait, newWaitSketch, waitsToBytes } from '../../domain/wait-sketch.ts';
import type { ConversationUsageTable, Database } from '../schema.ts';
import { toNumberSet } from './number-set.ts';
import { waitsOf } from './write-usage.ts';

/** Hours of a Company; both numbers are included. */
export interface HourRange {
  readonly companyNo: number;
  readonly first: number;
  readonly last: number;
}

/** Notes that the rows of hours have changed, in the transaction that changes them. */
export async function noteChanged(
  db: Kysely<Database>,
  companyNo: number,
  hourNos: Iterable<number>,
): Promise<void> {
  const rows = [...hourNos].sort((a, b) => a - b).map((hourNo) => [companyNo, hourNo, 1]);
  if (rows.length > 0) await db.executeQuery(CompiledQuery.raw(NOTE, [rows]));
}

const NOTE = `insert into company_usage (company_no, hour_no, changes) values ?
  on duplicate key update changes = changes + 1`;

/**
 * Sums the hours that have changed since they were summed. The current hour changes again and again,
 * so it is summed by who reads it, and not by who counts.
 */
export async function sumChanged(db: Kysely<Database>, range: HourRange): Promise<void> {
  const changed = await db
    .selectFrom('company_usage')
    .select(['hour_no', 'changes'])
    .where('company_no', '=', range.companyNo)
    .where('hour_no', '>=', range.first)
    .where('hour_no', '<=', range.last)
    .whereRef('changes', '<>', 'summed')
    .execute();
  for (const { hour_no: hourNo, changes } of changed) {
    const sums = sumsOf(await readRows(db, range.companyNo, hourNo));
    await db
      .updateTable('company_usage')
      .set({ ...sums, summed: changes })
      .where('company_no', '=', range.companyNo)
      .where('hour_no', '=', hourNo)
      .where('changes', '=', changes) // Else they changed meanwhile: whoever comes next sums them.
      .execute();
  }
}

type UsageRow = Omit<ConversationUsageTable, 'company_no' | 'hour_no' | 'last_role' | 'known'>;

function readRows(db: Kysely<Database>, companyNo: number, hourNo: number): Promise<UsageRow[]> {
  return db
    .selectFrom('conversation_usage')
    .select(['conversation_no', 'client_no', 'user_count', 'bot_count', 'agent_count'])
    .select(['system_count', 'content_bytes', 'is_opened', 'first_wait_ms', 'waits'])
    .where('company_no', '=', companyNo)
    .where('hour_no', '=', hourNo)
    .execute();
}

function sumsOf(rows: readonly UsageRow[]) {
  const sum = (valueOf: (row: UsageRow) => number) =>
    rows.reduce((total, row) => total + valueOf(row), 0);
  return {
    user_count: sum((row) => row.user_count),
    bot_count: sum((row) => row.bot_count),
    agent_count: sum((row) => row.agent_count),
    system_count: sum((row) => row.system_count),
    content_bytes: sum((row) => Number(row.content_bytes)),
    conversations_opened: sum((row) => row.is_opened),
    conversation_nos: toNumberSet(rows.map((row) => row.conversation_no)),
    client_nos: toNumberSet(rows.map((row) => row.client_no)),
    ...sketchesOf(rows),
  };
}

function sketchesOf(rows: readonly UsageRow[]) {
  const [waits, firstWaits] = [newWaitSketch(), newWaitSketch()];
  for (const row of rows) {
    for (const waitMs of waitsOf(row.waits)) addWait(waits, waitMs);
    if (row.first_wait_ms !== null) addWait(firstWaits, row.first_wait_ms);
  }
  return { waits: waitsToBytes(waits), first_waits: waitsToBytes(firstWaits) };
}
