import { type Kysely, sql } from 'kysely';
import { instantOf, HOUR_MS } from '../../domain/instant.ts';
import {
  type CountSpan,
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
import { groupsOf } from './turn-groups.ts';
import { closeLater, type ConversationUsage, writeUsage } from './write-usage.ts';

interface Deps {
  readonly db: Kysely<Database>;
  readonly names: Names;
  readonly cold: Cold;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const CONVERSATIONS_AT_ONCE = 500;
/** More would be more than a process has room for. */
const TURNS_AT_ONCE = 50_000;

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
  const past = { companyNo, first: hourNoOf(deps.now()), last: 0 };
  const coldTurns = openColdTurns(deps);
  try {
    for (let at = 0; at < conversationNos.length; at += CONVERSATIONS_AT_ONCE) {
      signal.throwIfAborted();
      const some = conversationNos.slice(at, at + CONVERSATIONS_AT_ONCE);
      const wanted = { companyNo, conversationNos: some, ...reachOf(span) };
      for (const hourNo of await recountSome(deps.db, wanted, { coldTurns, span, signal })) {
        if (hourNo >= hourNoOf(deps.now())) continue;
        past.first = Math.min(past.first, hourNo);
        past.last = Math.max(past.last, hourNo);
      }
    }
  } finally {
    await coldTurns.close();
  }
  if (past.first <= past.last) await sumChanged(deps.db, past);
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

/** @returns The hours whose sums have changed by that. */
async function recountSome(
  db: Kysely<Database>,
  wanted: TurnsWanted,
  run: { coldTurns: ColdTurns; span: CountSpan; signal: AbortSignal },
): Promise<Set<number>> {
  const { coldTurns, span, signal } = run;
  const { companyNo, conversationNos } = wanted;
  // First: what is said from here on may be counted, but is not taken for known.
  const lives = await readLives(db, { companyNo, conversationNos, span });
  const hourNos = new Set<number>();
  for (const group of groupsOf(lives, TURNS_AT_ONCE)) {
    signal.throwIfAborted();
    const changed = { ...wanted, conversationNos: [...group.keys()] };
    for (const hourNo of await recountGroup(db, changed, { lives: group, coldTurns, span })) {
      hourNos.add(hourNo);
    }
  }
  return hourNos;
}

/** @returns As `recountSome`. */
async function recountGroup(
  db: Kysely<Database>,
  wanted: TurnsWanted,
  group: { lives: ReadonlyMap<number, Life>; coldTurns: ColdTurns; span: CountSpan },
): Promise<Set<number>> {
  const { lives, coldTurns, span } = group;
  const { companyNo } = wanted;
  const { turns, segments } = await readTurns(db, wanted);
  const cold = await coldTurns.read(wanted, segments);
  const usages = [...byConversation([...turns, ...cold])].flatMap(([conversationNo, own]) =>
    usagesOf({ conversationNo, turns: own }, lives.get(conversationNo), firstHourOf(span)),
  );
  const opened = usages.flatMap(({ isOpened, conversationNo, clientNo, hourNo }) => {
    const life = lives.get(conversationNo);
    if (!isOpened || !life || life.lastAt < wanted.to) return [];
    return [{ conversationNo, clientNos: [clientNo, life.clientNo], hourNo }];
  });
  return retryDeadlocks(() =>
    db.transaction().execute(async (transaction) => {
      await writeUsage(transaction, companyNo, usages);
      const closed = await closeLater(transaction, companyNo, opened);
      const hourNos = new Set([...usages.map(({ hourNo }) => hourNo), ...closed]);
      await noteChanged(transaction, companyNo, hourNos);
      return hourNos;
    }),
  );
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
  /** Who is taken for the one that began it. */
  readonly clientNo: number;
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
    .select([
      'conversation_no',
      'first_message_at',
      'last_message_at',
      'message_count',
      'client_no',
    ])
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
        clientNo: row.client_no,
      },
    ]),
  );
}
