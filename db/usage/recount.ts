import { type Kysely, sql } from 'kysely';
import { instantOf } from '../../domain/instant.ts';
import {
  type CountSpan,
  HOUR_MS,
  hourNoOf,
  type Turn,
  usageByHour,
  WAIT_MS_MAX,
} from '../../domain/usage.ts';
import type { Cold } from '../cold/open-cold.ts';
import { toDatetime } from '../datetime.ts';
import type { Names } from '../names.ts';
import { retryDeadlocks } from '../retry-deadlocks.ts';
import type { Database, Datetime } from '../schema.ts';
import { activeConversations } from './active-conversations.ts';
import { type ColdTurns, openColdTurns } from './read-cold-turns.ts';
import { byConversation, readTurns, type TurnsWanted } from './read-turns.ts';
import { noteChanged, sumChanged } from './sum-hours.ts';
import { closeLater, type ConversationUsage, writeUsage } from './write-usage.ts';

interface Deps {
  readonly db: Kysely<Database>;
  readonly names: Names;
  readonly cold: Cold;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** More of a long day would hold more Turns than a process has room for. */
const CONVERSATIONS_AT_ONCE = 500;

/**
 * Counts anew the Usage of all Conversations that spoke in a span. Running it twice changes nothing;
 * whatever tiers the Messages are in, the result is the same.
 *
 * @param signal Ends it between two steps.
 * @returns How many Conversations were looked at.
 */
export async function recount(
  deps: Deps,
  { companyId, span }: { companyId: string; span: CountSpan },
  signal: AbortSignal,
): Promise<{ conversations: number }> {
  const companyNo = await deps.names.companyNo(companyId);
  if (companyNo === null) return { conversations: 0 };
  const conversationNos = await activeConversations(deps, { companyNo, span });
  const hourNos: number[] = [];
  const coldTurns = openColdTurns(deps);
  try {
    for (let at = 0; at < conversationNos.length; at += CONVERSATIONS_AT_ONCE) {
      signal.throwIfAborted();
      const some = conversationNos.slice(at, at + CONVERSATIONS_AT_ONCE);
      const wanted = { companyNo, conversationNos: some, ...reachOf(span) };
      await asOnlyCounter(deps.db, companyNo, async (transaction) => {
        const changed = await recountSome(transaction, wanted, { coldTurns, span });
        await noteChanged(transaction, companyNo, changed);
        for (const hourNo of changed) hourNos.push(hourNo);
      });
    }
  } finally {
    await coldTurns.close();
  }
  const past = hourNos.filter((hourNo) => hourNo < hourNoOf(deps.now()));
  if (past.length > 0) {
    await sumChanged(deps.db, { companyNo, first: Math.min(...past), last: Math.max(...past) });
  }
  return { conversations: conversationNos.length };
}

const firstHourOf = (span: CountSpan) => hourNoOf(Date.parse(span.from));

/**
 * What has to be read: a wait that ends in the span may have begun as long before it as waits are
 * counted, and one that begins in it may end as long after.
 */
function reachOf(span: CountSpan): { from: Datetime; to: Datetime } {
  const endsMs = (hourNoOf(Date.parse(span.to) - 1) + 1) * HOUR_MS;
  return {
    from: toDatetime(instantOf(Math.max(0, firstHourOf(span) * HOUR_MS - WAIT_MS_MAX))),
    to: toDatetime(instantOf(endsMs + WAIT_MS_MAX)),
  };
}

/** One at a time for each Company: nobody writes what was read before another one wrote. */
function asOnlyCounter<Result>(
  db: Kysely<Database>,
  companyNo: number,
  count: (transaction: Kysely<Database>) => Promise<Result>,
): Promise<Result> {
  return retryDeadlocks(() =>
    db.transaction().execute(async (transaction) => {
      await sql`insert into usage_locks (company_no) values (${companyNo})
        on duplicate key update company_no = values(company_no)`.execute(transaction);
      return count(transaction);
    }),
  );
}

/** @returns The hours whose sums have changed by that. */
async function recountSome(
  db: Kysely<Database>,
  wanted: TurnsWanted,
  { coldTurns, span }: { coldTurns: ColdTurns; span: CountSpan },
): Promise<Set<number>> {
  const { companyNo, conversationNos } = wanted;
  // First: what is said from here on may be counted, but is not taken for known.
  const lives = await readLives(db, { companyNo, conversationNos, span });
  if (lives.size === 0) return new Set();
  const changed = { ...wanted, conversationNos: [...lives.keys()] };
  const turns = await readTurns(db, changed);
  const conversations = byConversation([...turns, ...(await coldTurns.read(changed))]);
  const usages = [...conversations].flatMap(([conversationNo, own]) =>
    usagesOf({ conversationNo, turns: own }, lives.get(conversationNo), firstHourOf(span)),
  );
  await writeUsage(db, companyNo, usages);
  const goesOn = ({ conversationNo }: ConversationUsage) =>
    (lives.get(conversationNo)?.lastAt ?? '') >= wanted.to;
  const opened = usages.filter((usage) => usage.isOpened && goesOn(usage));
  const closed = await closeLater(db, companyNo, opened);
  return new Set([...usages.map(({ hourNo }) => hourNo), ...closed]);
}

function usagesOf(
  { conversationNo, turns }: { conversationNo: number; turns: readonly Turn[] },
  life: Life | undefined,
  firstHourNo: number,
): ConversationUsage[] {
  const firstAt = turns[0] ? toDatetime(instantOf(turns[0].atMs)) : '';
  const isWhole = life !== undefined && firstAt <= life.firstAt;
  return usageByHour(turns, { isWhole })
    .filter(({ hourNo }) => hourNo >= firstHourNo) // Others were read for the sake of these.
    .map((usage) => ({ ...usage, conversationNo, known: life?.messages ?? 0 }));
}

interface Life {
  readonly firstAt: Datetime;
  readonly lastAt: Datetime;
  readonly messages: number;
}

/**
 * Those Conversations that may have changed since they were counted. Of a span within one hour they
 * are told by how many Messages they have in all; a longer one is counted to be sure.
 */
async function readLives(
  db: Kysely<Database>,
  wanted: { companyNo: number; conversationNos: readonly number[]; span: CountSpan },
): Promise<Map<number, Life>> {
  const { companyNo, conversationNos, span } = wanted;
  const hourNo = firstHourOf(span);
  const isWithinHour = hourNo === hourNoOf(Date.parse(span.to) - 1);
  const rows = await db
    .selectFrom('conversations as conversation')
    .select(['conversation_no', 'first_message_at', 'last_message_at', 'message_count'])
    .where('conversation_no', 'in', conversationNos)
    .$if(isWithinHour, (query) =>
      query.where(
        sql<boolean>`not exists (
          select 1 from conversation_usage as used
          where used.company_no = ${companyNo} and used.hour_no = ${hourNo}
            and used.conversation_no = conversation.conversation_no
            and used.known = conversation.message_count
        )`,
      ),
    )
    .orderBy('conversation_no') // As Segments are.
    .execute();
  return new Map(
    rows.map((row) => [
      row.conversation_no,
      {
        firstAt: row.first_message_at ?? '',
        lastAt: row.last_message_at ?? '',
        messages: row.message_count,
      },
    ]),
  );
}
