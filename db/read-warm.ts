import { type Kysely, sql } from 'kysely';
import { mergeRows } from './merge-rows.ts';
import type { MessageRow } from './message-row.ts';
import { isForward, pageQuery, type Range, rowsWanted, spanOf } from './page-range.ts';
import type { Database, Datetime } from './schema.ts';
import { bucketOf, bucketStart } from './warm-activity.ts';

const WARM = { table: 'messages_warm', index: 'primary' } as const;

/**
 * The page as far as the warm tier knows it. Its one index leads from a Conversation to its Messages;
 * for a Client and for a Company the Conversations are looked up first.
 */
export async function readWarm(db: Kysely<Database>, range: Range): Promise<readonly MessageRow[]> {
  const { equal } = range.scope;
  if (equal.conversation_no !== undefined) return pageQuery(db, WARM, range).execute();
  const looks = equal.client_no === undefined ? byActivity(db, range) : byClient(db, range);

  let found: readonly MessageRow[] = [];
  for await (const look of looks) {
    const rows = await readConversations(db, range, look);
    found = mergeRows([found, rows], range);
    const last = found.length === rowsWanted(range) ? found.at(-1) : undefined;
    if (last && isSettled(last, look, range)) break;
  }
  return found;
}

/** Conversations in which to look next. */
interface Look {
  readonly conversationNos: readonly number[];
  /** Between which moments, if that is known: `from` included, `to` not. */
  readonly within?: { readonly from: Datetime; readonly to: Datetime };
  /** What later looks find is not beyond this moment; null: there is no later look. */
  readonly rest: Datetime | null;
}

/** Whether no later look can find anything that belongs before the last row of the page. */
function isSettled({ created_at }: MessageRow, { rest }: Look, range: Range): boolean {
  if (rest === null) return true;
  return isForward(range) ? created_at < rest : created_at > rest;
}

function readConversations(db: Kysely<Database>, range: Range, look: Look) {
  const { conversationNos, within } = look;
  let query = pageQuery(db, WARM, range).where('message.conversation_no', 'in', conversationNos);
  if (within) {
    query = query
      .where('message.created_at', '>=', within.from)
      .where('message.created_at', '<', within.to);
  }
  return query.execute();
}

const CONVERSATIONS_PER_LOOK_MAX = 200;

/** A Client's Conversations: those that reach furthest towards where the page begins come first. */
async function* byClient(db: Kysely<Database>, range: Range): AsyncGenerator<Look> {
  const { client_no: clientNo, company_no: companyNo } = range.scope.equal;
  const { since, until } = spanOf(range);
  const order = isForward(range) ? sql`firstAt, no` : sql`lastAt desc, no`;
  for (let offset = 0; ; offset += CONVERSATIONS_PER_LOOK_MAX) {
    const { rows } = await sql<{ no: number; firstAt: Datetime; lastAt: Datetime }>`
      select conversation.conversation_no as no, conversation.first_message_at as firstAt,
        conversation.last_message_at as lastAt
      from (
        select conversation_no from conversations where client_no = ${clientNo}
        union
        select conversation_no from conversation_guests where client_no = ${clientNo}
      ) as spoken
      join conversations as conversation on conversation.conversation_no = spoken.conversation_no
      where conversation.company_no = ${companyNo}
        and conversation.last_message_at >= coalesce(${since}, '1000-01-01')
        and conversation.first_message_at <= coalesce(${until}, '9999-12-31 23:59:59.999')
      order by ${order}
      limit ${CONVERSATIONS_PER_LOOK_MAX} offset ${offset}`.execute(db);
    if (rows.length === 0) return;
    const last = rows.length < CONVERSATIONS_PER_LOOK_MAX ? undefined : rows.at(-1);
    const rest = last ? (isForward(range) ? last.firstAt : last.lastAt) : null;
    yield { conversationNos: rows.map(({ no }) => no), rest };
  }
}

/** All Conversations that a Client spoke in, as far as a page may reach. */
export async function readConversationsOfClient(
  db: Kysely<Database>,
  range: Range,
): Promise<ReadonlySet<number>> {
  const all = new Set<number>();
  for await (const { conversationNos } of byClient(db, range)) {
    for (const no of conversationNos) all.add(no);
  }
  return all;
}

const BUCKET_NO_MAX = 4_294_967_295;

/** Who spoke in the Company, five minutes by five minutes. */
async function* byActivity(db: Kysely<Database>, range: Range): AsyncGenerator<Look> {
  const { since, until } = spanOf(range);
  const [lowest, highest] = [
    since === null ? 0 : bucketOf(since),
    until === null ? BUCKET_NO_MAX : bucketOf(until),
  ];
  const forward = isForward(range);
  let from = forward ? { bucket_no: lowest, conversation_no: -1 } : null;
  for (;;) {
    let query = db
      .selectFrom('warm_activity')
      .select(['bucket_no', 'conversation_no'])
      .where('company_no', '=', range.scope.equal.company_no)
      .where('bucket_no', '>=', lowest)
      .where('bucket_no', '<=', highest)
      .orderBy('bucket_no', forward ? 'asc' : 'desc')
      .orderBy('conversation_no', forward ? 'asc' : 'desc')
      .limit(CONVERSATIONS_PER_LOOK_MAX);
    if (from) {
      const { bucket_no: bucketNo, conversation_no: conversationNo } = from;
      const [upTo, past] = forward ? (['>=', '>'] as const) : (['<=', '<'] as const);
      query = query
        .where('bucket_no', upTo, bucketNo)
        .where((eb) =>
          eb.or([eb('bucket_no', past, bucketNo), eb('conversation_no', past, conversationNo)]),
        );
    }
    const spoken = await query.execute();
    const [first, last] = [spoken.at(0), spoken.at(-1)];
    if (!first || !last) return;
    const isLast = spoken.length < CONVERSATIONS_PER_LOOK_MAX;
    const buckets = [first.bucket_no, last.bucket_no];
    const within = {
      from: bucketStart(Math.min(...buckets)),
      to: bucketStart(Math.max(...buckets) + 1),
    };
    // Of its last five minutes there may be more Conversations.
    const open = forward ? bucketStart(last.bucket_no) : bucketStart(last.bucket_no + 1);
    const conversationNos = [...new Set(spoken.map((one) => one.conversation_no))];
    yield { conversationNos, within, rest: isLast ? null : open };
    from = last;
  }
}
