import { type Kysely, sql } from 'kysely';
import { bucketAt } from '../../domain/stats-buckets.ts';
import { addWait, newWaitSketch } from '../../domain/wait-sketch.ts';
import type { ConversationUsageTable, Database } from '../schema.ts';
import { type CompanySpan, type Counted, type HourCounts, messagesOf } from './company-stats.ts';
import { readLives } from './lives.ts';
import { openDistinct } from './number-set.ts';
import { readSentiments } from './sentiments.ts';
import { waitsOf } from './write-usage.ts';

interface ClientSpan extends CompanySpan {
  readonly clientNo: number;
}

/**
 * What was counted of one Client. Of most there are few rows; but one may stand for all whom nobody
 * knows, so they are added up by MySQL, or page by page.
 */
export async function readClientCounts(db: Kysely<Database>, span: ClientSpan): Promise<Counted> {
  const hours = await readHours(db, span);
  const sums = await readSums(db, span);
  const lives = await readLives(db, span);
  const sentiments = await readSentiments(db, span);
  return { hours, ...sums, ...lives, sentiments };
}

function usageOf(db: Kysely<Database>, { companyNo, clientNo, edges }: ClientSpan) {
  return db
    .selectFrom('conversation_usage')
    .where('client_no', '=', clientNo)
    .where('company_no', '=', companyNo)
    .where('hour_no', '>=', edges[0] ?? 0)
    .where('hour_no', '<', edges.at(-1) ?? 0);
}

async function readHours(db: Kysely<Database>, span: ClientSpan): Promise<HourCounts[]> {
  const rows = await usageOf(db, span)
    .select('hour_no')
    .select([
      sum('user_count').as('user_count'),
      sum('bot_count').as('bot_count'),
      sum('agent_count').as('agent_count'),
      sum('system_count').as('system_count'),
      sum('content_bytes').as('bytes'),
      sum('is_opened').as('opened'),
    ])
    .groupBy('hour_no')
    .execute();
  return rows.map((row) => ({
    hourNo: row.hour_no,
    messages: messagesOf(row),
    bytes: Number(row.bytes),
    opened: Number(row.opened),
  }));
}

const sum = (column: string) => sql<string>`sum(${sql.ref(column)})`;

async function readSums(db: Kysely<Database>, span: ClientSpan) {
  const { edges } = span;
  const [waits, firstWaits] = [newWaitSketch(), newWaitSketch()];
  const conversations = openDistinct(edges.length - 1);
  for await (const row of eachRow(db, span)) {
    for (const waitMs of waitsOf(row.waits)) addWait(waits, waitMs);
    if (row.first_wait_ms !== null) addWait(firstWaits, row.first_wait_ms);
    conversations.add(row.conversation_no, bucketAt(edges, row.hour_no));
  }
  const perBucket = conversations.perBucket.map(countsOf);
  return { waits, firstWaits, distinct: { perBucket, all: countsOf(conversations.all()) } };
}

/** One Client spoke, or none. */
function countsOf(conversations: number) {
  return { conversations, clients: conversations > 0 ? 1 : 0 };
}

type Row = Pick<ConversationUsageTable, 'hour_no' | 'conversation_no' | 'first_wait_ms' | 'waits'>;

/** Of a thousand waits each, 8 MB. */
const ROWS_PER_PAGE_MAX = 2_000;

/** In the order of hours, which is that of `conversation_usage_by_client`. */
export async function* eachRow(
  db: Kysely<Database>,
  span: ClientSpan,
  rowsPerPageMax = ROWS_PER_PAGE_MAX,
): AsyncGenerator<Row> {
  let last: Row | undefined;
  do {
    const { hour_no: hourNo = 0, conversation_no: conversationNo = 0 } = last ?? {};
    const rows: Row[] = await usageOf(db, span)
      .select(['hour_no', 'conversation_no', 'first_wait_ms', 'waits'])
      .where('hour_no', '>=', hourNo)
      .where((is) =>
        is.or([is('hour_no', '>', hourNo), is('conversation_no', '>', conversationNo)]),
      )
      .orderBy('hour_no')
      .orderBy('conversation_no')
      .limit(rowsPerPageMax)
      .execute();
    yield* rows;
    last = rows.length === rowsPerPageMax ? rows.at(-1) : undefined;
  } while (last);
}
