import { type Kysely, type RawBuilder, sql } from 'kysely';
import { lockCompany } from '../boundaries.ts';
import { retryDeadlocks } from '../retry-deadlocks.ts';
import type { Database } from '../schema.ts';
import { keyAt, type RowKey } from './columns.ts';
import { type CompanyDays, spanOfDays } from './read-days.ts';
import type { SegmentKeys } from './segment.ts';

/** Rows that a deletion by range may look at for each that it deletes. */
const ROWS_PASSED_MAX = 20;

/**
 * How to delete what a Segment holds: all rows between two keys, which passes those of other days, or
 * the same Conversation by Conversation, which takes twice as long where most are deleted anyway.
 */
export type ClearBy = 'range' | 'conversation';

export async function chooseClearBy(
  db: Kysely<Database>,
  { companyNo, rows }: { companyNo: number; rows: number },
): Promise<ClearBy> {
  const { warm } = await db
    .selectFrom('ledger')
    .select((eb) => eb.fn.sum<string | null>('warm').as('warm'))
    .where('company_no', '=', companyNo)
    .executeTakeFirstOrThrow();
  return Number(warm) <= ROWS_PASSED_MAX * rows ? 'range' : 'conversation';
}

/**
 * Deletes from the warm tier what a row group of a live Segment holds, and nothing else: Messages
 * that came late stay, also between these. Safe to run twice.
 */
export async function clearGroup(
  db: Kysely<Database>,
  { clearBy, ...days }: CompanyDays & { clearBy: ClearBy },
  group: SegmentKeys,
): Promise<void> {
  const within = withinGroup(days, group, clearBy);
  const work = async (transaction: Kysely<Database>) => {
    // Whoever stores a Message this old, or moves some, waits here: what is compared is deleted.
    await lockCompany(transaction, days.companyNo);
    const { rows } = await sql<{ id: Buffer }>`
      select message_id as id from messages_warm as warm force index (primary)
      where ${within}
      order by warm.conversation_no, warm.created_at, warm.message_id`.execute(transaction);
    if (Buffer.concat(rows.map(({ id }) => id)).equals(group.messageIds)) {
      await sql`delete warm from messages_warm as warm force index (primary)
        where ${within}`.execute(transaction);
      return;
    }
    for (const keys of pieces(group)) {
      await sql`delete warm from messages_warm as warm force index (primary)
        where ${sql.join(
          keys.map((row) => isRow(days, row)),
          sql` or `,
        )}`.execute(transaction);
    }
  };
  await retryDeadlocks(() => db.transaction().execute(work));
}

/** Of the Conversations all of the days, from the first row of the group to its last one. */
function withinGroup(days: CompanyDays, group: SegmentKeys, clearBy: ClearBy): RawBuilder<boolean> {
  const { companyNo } = days;
  const { from, to } = spanOfDays(days);
  const [first, last] = [keyAt(group, 0), keyAt(group, group.conversationNos.length - 1)];
  const conversations =
    clearBy === 'range'
      ? sql`between ${first.conversation_no} and ${last.conversation_no}`
      : sql`in (${sql.join([...new Set(group.conversationNos)])})`;
  return sql<boolean>`warm.company_no = ${companyNo}
    and warm.conversation_no ${conversations}
    and warm.created_at >= ${from} and warm.created_at < ${to}
    and not (warm.conversation_no = ${first.conversation_no} and (
      warm.created_at < ${first.created_at}
      or (warm.created_at = ${first.created_at} and warm.message_id < ${first.message_id})))
    and not (warm.conversation_no = ${last.conversation_no} and (
      warm.created_at > ${last.created_at}
      or (warm.created_at = ${last.created_at} and warm.message_id > ${last.message_id})))`;
}

const KEYS_PER_STATEMENT_MAX = 200;

function* pieces(group: SegmentKeys): Generator<RowKey[]> {
  const rows = group.conversationNos.map((_, at) => keyAt(group, at));
  while (rows.length > 0) yield rows.splice(0, KEYS_PER_STATEMENT_MAX);
}

function isRow({ companyNo }: CompanyDays, row: RowKey): RawBuilder<boolean> {
  return sql<boolean>`(warm.company_no = ${companyNo}
    and warm.conversation_no = ${row.conversation_no} and warm.created_at = ${row.created_at}
    and warm.message_id = ${row.message_id})`;
}

/** Forgets who spoke on a day, as far as the warm tier has nothing of it any more. */
export async function clearActivity(
  db: Kysely<Database>,
  companyNo: number,
  day: string,
): Promise<void> {
  const { from, to } = spanOfDays({ firstDay: day, lastDay: day });
  const work = async (transaction: Kysely<Database>) => {
    await lockCompany(transaction, companyNo);
    await sql`delete activity from warm_activity as activity
      where activity.company_no = ${companyNo}
        and activity.bucket_no >= floor(to_seconds(${from}) / 300)
        and activity.bucket_no < floor(to_seconds(${to}) / 300)
        and not exists (select 1 from messages_warm as warm
          where warm.company_no = activity.company_no
            and warm.conversation_no = activity.conversation_no
            and warm.created_at >= ${from} and warm.created_at < ${to})`.execute(transaction);
  };
  await retryDeadlocks(() => db.transaction().execute(work));
}
