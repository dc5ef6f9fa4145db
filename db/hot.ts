import { CompiledQuery, type Kysely } from 'kysely';
import {
  identityOf,
  type KeyedMessage,
  MESSAGE_COLUMNS,
  pieces,
  toValues,
} from './keyed-message.ts';
import type { Database } from './schema.ts';

/**
 * Stores Messages in one multi-row statement, all or none.
 *
 * The rows go to the driver as one nested parameter and are escaped there: as 9,000 nodes of a
 * query builder, a thousand rows take longer to compile than MySQL takes to store them.
 *
 * @throws ER_DUP_ENTRY If one of them is stored in the hot tier already (P2).
 */
export async function insertHot(
  db: Kysely<Database>,
  rows: readonly KeyedMessage[],
): Promise<void> {
  await db.executeQuery(CompiledQuery.raw(INSERT, [rows.map(toValues)]));
}

const INSERT = `insert into messages_hot (${MESSAGE_COLUMNS}) values ?`;

/** The identities of those rows that the hot tier has, whatever createdAt it has them under. */
export async function findInHot(
  db: Kysely<Database>,
  rows: readonly KeyedMessage[],
): Promise<Set<string>> {
  const stored = new Set<string>();
  for (const [companyNo, ofCompany] of Map.groupBy(rows, (row) => row.companyNo)) {
    if (ofCompany.length > FEW && !(await hasAny(db, companyNo))) continue;
    for (const some of pieces(ofCompany, KEYS_PER_QUERY_MAX)) {
      const query = CompiledQuery.raw(FIND, [companyNo, some.map((row) => row.key)]);
      const found = await db.executeQuery<{ key: Buffer }>(query);
      for (const { key } of found.rows) stored.add(identityOf({ companyNo, key }));
    }
  }
  return stored;
}

const FIND =
  'select message_id as `key` from messages_hot where company_no = ? and message_id in (?)';

/** With some ten thousand MySQL gives up looking for each of them, and reads the whole Company. */
const KEYS_PER_QUERY_MAX = 4_000;

/** For more than these, it is worth a look whether the Company has any Message in the hot tier. */
const FEW = 100;

/** Most whose older history is imported have none yet. */
async function hasAny(db: Kysely<Database>, companyNo: number): Promise<boolean> {
  const found = await db
    .selectFrom('messages_hot')
    .select('company_no')
    .where('company_no', '=', companyNo)
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}
