import { CompiledQuery, type Kysely } from 'kysely';
import { toDatetime } from './datetime.ts';
import {
  comparePlaces,
  identityOf,
  type KeyedMessage,
  MESSAGE_COLUMNS,
  pieces,
  toValues,
} from './keyed-message.ts';
import type { Database } from './schema.ts';
import { bucketOf } from './warm-activity.ts';

/**
 * Stores Messages that are too old for the hot tier, with what leads to them there. Their Company
 * must be locked, see `lockBoundaries`.
 *
 * @throws ER_DUP_ENTRY If one of them is stored in the warm tier already (P2).
 */
export async function insertWarm(
  db: Kysely<Database>,
  rows: readonly KeyedMessage[],
): Promise<void> {
  // In the order they lie in: neighbours share a page, which is compressed once for all of them.
  const inOrder = rows.toSorted(comparePlaces);
  await db.executeQuery(CompiledQuery.raw(INSERT, [inOrder.map(toValues)]));
  const activity = once(rows, ({ companyNo, conversationNo, message }) => {
    return [companyNo, bucketOf(toDatetime(message.createdAt)), conversationNo];
  });
  await db.executeQuery(CompiledQuery.raw(NOTE_ACTIVITY, [activity]));
  await noteGuests(db, rows);
}

/**
 * Notes who speaks in which Conversations: below hot nothing else leads from a Client to one that
 * somebody else began.
 */
export async function noteGuests(
  db: Kysely<Database>,
  rows: readonly KeyedMessage[],
): Promise<void> {
  // Also the Client who began the Conversation, which does no harm: he is found both ways.
  const voices = once(rows, ({ clientNo, conversationNo }) => [clientNo, conversationNo]);
  await db.executeQuery(CompiledQuery.raw(NOTE_GUESTS, [voices]));
}

/** What the rows say of themselves, each thing once: of many that follow another it is the same. */
function once(
  rows: readonly KeyedMessage[],
  numbersOf: (row: KeyedMessage) => number[],
): number[][] {
  const numbers = new Map<string, number[]>();
  for (const row of rows) {
    const said = numbersOf(row);
    numbers.set(said.join(), said);
  }
  // In key order, as every writer does: two of them then wait for each other, never in a circle.
  return [...numbers.values()].sort(compareNumbers);
}

const INSERT = `insert into messages_warm (${MESSAGE_COLUMNS}) values ?`;
const NOTE_ACTIVITY = `insert ignore into warm_activity (company_no, bucket_no, conversation_no)
  values ?`;
const NOTE_GUESTS = `insert ignore into conversation_guests (client_no, conversation_no) values ?`;

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, nth) => number !== b[nth]);
  return (a[at] ?? 0) - (b[at] ?? 0);
}

/** The identities of those rows that the warm tier has, under the createdAt they carry. */
export async function findInWarm(
  db: Kysely<Database>,
  rows: readonly KeyedMessage[],
): Promise<Set<string>> {
  const stored = new Set<string>();
  for (const some of pieces(rows, KEYS_PER_QUERY_MAX)) {
    const query = CompiledQuery.raw(findStatement(some.length), some.flatMap(primaryKeyOf));
    const found = await db.executeQuery<{ companyNo: number; key: Buffer }>(query);
    for (const row of found.rows) stored.add(identityOf(row));
  }
  return stored;
}

/** One range each, which both servers find: a list of tuples MariaDB looks for row by row. */
const findStatement = (count: number) => `select company_no as companyNo, message_id as \`key\`
  from messages_warm force index (primary) where ${Array(count).fill(ONE).join(' or ')}`;
const ONE = '(company_no = ? and conversation_no = ? and created_at = ? and message_id = ?)';
const KEYS_PER_QUERY_MAX = 200;

function primaryKeyOf({ companyNo, conversationNo, message, key }: KeyedMessage): unknown[] {
  return [companyNo, conversationNo, toDatetime(message.createdAt), key];
}
