import { type Kysely, sql } from 'kysely';
import { instantOf } from '../../domain/instant.ts';
import {
  type CountSpan,
  HOUR_MS,
  hourNoOf,
  type HourUsage,
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
import { closeLater, writeUsage } from './write-usage.ts';

interface Deps {
  readonly db: Kysely<Database>;
  readonly names: Names;
  readonly cold: Cold;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const CONVERSATIONS_AT_ONCE = 200;

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
        const firstHourNo = firstHourOf(span);
        const changed = await recountSome(transaction, wanted, { coldTurns, firstHourNo });
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
  { coldTurns, firstHourNo }: { coldTurns: ColdTurns; firstHourNo: number },
): Promise<Set<number>> {
  const lives = await readLives(db, wanted.conversationNos);
  const turns = await readTurns(db, wanted);
  const conversations = byConversation([...turns, ...(await coldTurns.read(wanted))]);
  const usages: (HourUsage & { conversationNo: number })[] = [];
  const opened: { conversationNo: number; clientNo: number; hourNo: number }[] = [];
  for (const [conversationNo, own] of conversations) {
    const life = lives.get(conversationNo);
    const firstAt = own[0] ? toDatetime(instantOf(own[0].atMs)) : '';
    const isWhole = life !== undefined && firstAt <= life.firstAt;
    for (const usage of usageByHour(own, { isWhole })) {
      if (usage.hourNo < firstHourNo) continue; // Only read for the sake of those behind.
      usages.push({ ...usage, conversationNo });
      if (usage.isOpened && life && life.lastAt >= wanted.to) {
        opened.push({ conversationNo, clientNo: usage.clientNo, hourNo: usage.hourNo });
      }
    }
  }
  await writeUsage(db, wanted.companyNo, usages);
  const closed = await closeLater(db, wanted.companyNo, opened);
  return new Set([...usages.map(({ hourNo }) => hourNo), ...closed]);
}

interface Life {
  readonly firstAt: Datetime;
  readonly lastAt: Datetime;
}

async function readLives(
  db: Kysely<Database>,
  conversationNos: readonly number[],
): Promise<Map<number, Life>> {
  const rows = await db
    .selectFrom('conversations')
    .select(['conversation_no', 'first_message_at', 'last_message_at'])
    .where('conversation_no', 'in', conversationNos)
    .execute();
  return new Map(
    rows.map((row) => [
      row.conversation_no,
      { firstAt: row.first_message_at ?? '', lastAt: row.last_message_at ?? '' },
    ]),
  );
}
