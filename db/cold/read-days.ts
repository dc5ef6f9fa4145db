import type { Kysely } from 'kysely';
import { dayOf, instantOf } from '../../domain/instant.ts';
import { CONTENT_BYTES_MAX } from '../../domain/message.ts';
import { messageColumns } from '../message-row.ts';
import type { Database, Datetime } from '../schema.ts';
import { bucketOf } from '../warm-activity.ts';
import { type NumberedRow, textLengthOf } from './columns.ts';

/** UTC days in a row of a Company, both included; often the same one. */
export interface CompanyDays {
  readonly companyNo: number;
  readonly firstDay: string;
  readonly lastDay: string;
}

type Days = Pick<CompanyDays, 'firstDay' | 'lastDay'>;

/** From their first moment to the first of the day after, which is not part of them. */
export function spanOfDays({ firstDay, lastDay }: Days): { from: Datetime; to: Datetime } {
  return { from: `${firstDay} 00:00:00.000`, to: `${dayAfter(lastDay)} 00:00:00.000` };
}

/** Each of them, in order. */
export function* eachDay({ firstDay, lastDay }: Days): Generator<string> {
  for (let day = firstDay; day <= lastDay; day = dayAfter(day)) yield day;
}

const DAY_MS = 86_400_000;

function dayAfter(day: string): string {
  return dayOf(instantOf(Date.parse(`${day}T00:00:00Z`) + DAY_MS));
}

/** The Conversations that the warm tier has Messages of on these days, and possibly some more. */
export async function conversationsOfDays(
  db: Kysely<Database>,
  days: CompanyDays,
): Promise<number[]> {
  const { companyNo } = days;
  const { from, to } = spanOfDays(days);
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
/** Texts of a thousand characters fill it with as many rows. */
const TEXT_PER_QUERY_MAX = 4 * 1024 * 1024;
/** However long their texts are. */
const ROWS_AT_FIRST = TEXT_PER_QUERY_MAX / CONTENT_BYTES_MAX;

/** Days of the warm tier in the order of a Segment, some thousand rows at a time; long ones, fewer. */
export async function* readDays(
  db: Kysely<Database>,
  days: CompanyDays,
): AsyncGenerator<readonly NumberedRow[]> {
  const conversations = await conversationsOfDays(db, days);
  let last: NumberedRow | undefined; // With which the query before ended too early.
  let limit = ROWS_AT_FIRST;
  for (let at = 0; at < conversations.length;) {
    const some = last
      ? [last.conversation_no]
      : conversations.slice(at, at + CONVERSATIONS_PER_QUERY_MAX);
    const rows: NumberedRow[] = await daysQuery(db, days, some, last).limit(limit).execute();
    if (rows.length > 0) yield rows;
    const isCut = rows.length === limit;
    if (rows.length > 0) limit = limitAfter(rows);
    if (isCut) {
      last = rows.at(-1);
      at = conversations.indexOf(last?.conversation_no ?? 0, at);
      continue;
    }
    at += some.length;
    last = undefined;
  }
}

/** As many rows as hold no more text than a query may, if they are as long as the ones before. */
function limitAfter(rows: readonly NumberedRow[]): number {
  const text = rows.reduce((sum, row) => sum + textLengthOf(row), 0);
  const wanted = Math.floor((TEXT_PER_QUERY_MAX / Math.max(1, text)) * rows.length);
  return Math.max(1, Math.min(ROWS_PER_QUERY_MAX, wanted));
}

function daysQuery(
  db: Kysely<Database>,
  days: CompanyDays,
  conversationNos: readonly number[],
  after: NumberedRow | undefined,
) {
  const { from, to } = spanOfDays(days);
  let query = messageColumns(db, { table: 'messages_warm', index: 'primary' })
    .select('message.conversation_no')
    .where('message.company_no', '=', days.companyNo)
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
    .orderBy('message.message_id');
}
