import type { Kysely } from 'kysely';
import { messageColumns } from '../message-row.ts';
import type { Database, Datetime } from '../schema.ts';
import { bucketOf } from '../warm-activity.ts';
import type { NumberedRow } from './columns.ts';

/** A UTC day of a Company. */
export interface CompanyDay {
  readonly companyNo: number;
  readonly day: string;
}

const DAY_MS = 86_400_000;

/** From its first moment to the first of the next one, which is not part of it. */
export function spanOfDay(day: string): { from: Datetime; to: Datetime } {
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
  return { from: `${day} 00:00:00.000`, to: `${next} 00:00:00.000` };
}

/** The Conversations that the warm tier has Messages of on a day, and possibly some more. */
export async function conversationsOfDay(
  db: Kysely<Database>,
  { companyNo, day }: CompanyDay,
): Promise<number[]> {
  const { from, to } = spanOfDay(day);
  const rows = await db
    .selectFrom('warm_activity')
    .select('conversation_no')
    .distinct()
    .where('company_no', '=', companyNo)
    .where('bucket_no', '>=', bucketOf(from))
    .where('bucket_no', '<', bucketOf(to))
    .orderBy('conversation_no')
    .execute();
  return rows.map((row) => row.conversation_no);
}

const CONVERSATIONS_PER_QUERY_MAX = 200;
const ROWS_PER_QUERY_MAX = 4_096;

/** A day of the warm tier in the order of a Segment, some thousand rows at a time. */
export async function* readDay(
  db: Kysely<Database>,
  companyDay: CompanyDay,
): AsyncGenerator<readonly NumberedRow[]> {
  const conversations = await conversationsOfDay(db, companyDay);
  let last: NumberedRow | undefined; // With which the query before ended too early.
  for (let at = 0; at < conversations.length;) {
    const some = last
      ? [last.conversation_no]
      : conversations.slice(at, at + CONVERSATIONS_PER_QUERY_MAX);
    const rows: NumberedRow[] = await dayQuery(db, companyDay, some, last).execute();
    if (rows.length > 0) yield rows;
    if (rows.length === ROWS_PER_QUERY_MAX) {
      last = rows.at(-1);
      at = conversations.indexOf(last?.conversation_no ?? 0, at);
      continue;
    }
    at += some.length;
    last = undefined;
  }
}

function dayQuery(
  db: Kysely<Database>,
  { companyNo, day }: CompanyDay,
  conversationNos: readonly number[],
  after: NumberedRow | undefined,
) {
  const { from, to } = spanOfDay(day);
  let query = messageColumns(db, { table: 'messages_warm', index: 'primary' })
    .select('message.conversation_no')
    .where('message.company_no', '=', companyNo)
    .where('message.conversation_no', 'in', conversationNos)
    .where('message.created_at', '>=', after?.created_at ?? from)
    .where('message.created_at', '<', to);
  if (after) {
    query = query.where((eb) =>
      eb.or([
        eb('message.created_at', '>', after.created_at),
        eb('message.message_id', '>', after.message_id),
      ]),
    );
  }
  return query
    .orderBy('message.conversation_no')
    .orderBy('message.created_at')
    .orderBy('message.message_id')
    .limit(ROWS_PER_QUERY_MAX);
}
