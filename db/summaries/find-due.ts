import { type Kysely, sql } from 'kysely';
import { instantOf } from '../../domain/instant.ts';
import { FAILURE_COUNTS_MS } from '../../domain/summary.ts';
import { toDatetime } from '../datetime.ts';
import type { Database, Datetime } from '../schema.ts';

/** A Conversation of which nothing, or not all, was said yet. */
export interface DueConversation {
  readonly companyId: string;
  readonly conversationId: string;
}

/** After so long it is taken to be over, for now. */
const QUIET_MS = 30 * 60_000;
/** Of one night. What is left is found again the next one. */
export const DUE_CONVERSATIONS_MAX = 50_000;
/** Of one Company, in one night: those behind have been quiet for long. */
const LOOKED_AT_MAX = 1_000_000;
const CONVERSATIONS_PER_QUERY_MAX = 1_000;
/** Of one Company, in one of its turns. */
const DUE_PER_TURN_MAX = 100;

/**
 * Conversations that have Messages which their Summary does not know, and are quiet. Not those of which
 * none could be made lately, and in which nothing was said since. Only Conversations are looked at, in
 * the order of their index, and no Message.
 *
 * The Companies take turns, each with those that spoke last first: a large one does not keep the small
 * ones waiting, and its share of the night is what they leave it.
 *
 * @param search.signal Ends the search; what was found by then is good.
 * @returns             As they are found, up to a hundred at a time.
 */
export async function* findDueSummaries(
  db: Kysely<Database>,
  { nowMs, signal }: { nowMs: number; signal: AbortSignal },
  limits = { dueMax: DUE_CONVERSATIONS_MAX, perQueryMax: CONVERSATIONS_PER_QUERY_MAX },
): AsyncGenerator<readonly DueConversation[]> {
  let left = limits.dueMax;
  let searches = await beginSearches(db, nowMs);
  while (searches.length > 0) {
    const share = clamp(Math.floor(left / searches.length), { min: 1, max: DUE_PER_TURN_MAX });
    for (const search of searches) {
      if (left === 0 || signal.aborted) return;
      const options = { dueMax: Math.min(share, left), perQueryMax: limits.perQueryMax };
      const due = await takeTurn(db, search, options);
      left -= due.length;
      if (due.length > 0) yield due;
    }
    searches = searches.filter(({ looksLeft }) => looksLeft > 0);
  }
}

/** How far the Conversations of a Company were looked through. */
interface Search {
  readonly companyNo: number;
  readonly companyId: string;
  /** A failure since then counts. */
  readonly failedSince: Datetime;
  behind: Place;
  looksLeft: number;
}

async function beginSearches(db: Kysely<Database>, nowMs: number): Promise<Search[]> {
  const quietSince = toDatetime(instantOf(nowMs - QUIET_MS));
  const failedSince = toDatetime(instantOf(nowMs - FAILURE_COUNTS_MS));
  const companies = await db
    .selectFrom('companies')
    .select(['company_no', 'company_id'])
    .orderBy('company_no')
    .execute();
  return companies.map(({ company_no: companyNo, company_id: companyId }) => ({
    companyNo,
    companyId,
    failedSince,
    behind: { lastMessageAt: quietSince, conversationNo: BEYOND_ALL },
    looksLeft: LOOKED_AT_MAX,
  }));
}

/** One query, and how far the search has come by that. */
async function takeTurn(
  db: Kysely<Database>,
  search: Search,
  { dueMax, perQueryMax }: { dueMax: number; perQueryMax: number },
): Promise<DueConversation[]> {
  const looks = await lookAt(db, { ...search, limit: perQueryMax });
  const due = looks.filter(({ isDue }) => Number(isDue) === 1).slice(0, dueMax);
  const lastDue = due.at(-1);
  // Those behind what it may give are looked at again, in its next turn.
  const isCut = lastDue !== undefined && due.length === dueMax;
  const seen = isCut ? looks.slice(0, looks.indexOf(lastDue) + 1) : looks;
  const isAtEnd = seen.length < perQueryMax && seen.length === looks.length;
  search.behind = seen.at(-1) ?? search.behind;
  search.looksLeft = isAtEnd ? 0 : search.looksLeft - seen.length;
  return due.map(({ conversationId }) => ({ companyId: search.companyId, conversationId }));
}

function clamp(value: number, { min, max }: { min: number; max: number }): number {
  return Math.min(Math.max(value, min), max);
}

/** A place in the order of `conversations_by_activity`. */
interface Place {
  readonly lastMessageAt: Datetime;
  readonly conversationNo: number;
}

const BEYOND_ALL = 2 ** 32;

interface Look extends Place {
  readonly conversationId: string;
  readonly isDue: number | string;
}

async function lookAt(
  db: Kysely<Database>,
  wanted: { companyNo: number; failedSince: Datetime; behind: Place; limit: number },
): Promise<Look[]> {
  const { companyNo, failedSince, limit } = wanted;
  const { lastMessageAt, conversationNo } = wanted.behind;
  const { rows } = await sql<Look>`
    select conversation.conversation_no as conversationNo,
      conversation.conversation_id as conversationId,
      conversation.last_message_at as lastMessageAt,
      coalesce(summary.message_count, 0) < conversation.message_count
        and failure.company_no is null as isDue
    from conversations as conversation force index (conversations_by_activity)
    left join summaries as summary on summary.company_no = conversation.company_no
      and summary.conversation_no = conversation.conversation_no and summary.is_latest = 1
    left join summary_failures as failure on failure.company_no = conversation.company_no
      and failure.conversation_no = conversation.conversation_no
      and failure.message_count = conversation.message_count
      and failure.failed_at > ${failedSince}
    where conversation.company_no = ${companyNo}
      and conversation.last_message_at <= ${lastMessageAt}
      and (conversation.last_message_at < ${lastMessageAt}
        or conversation.conversation_no < ${conversationNo})
    order by conversation.last_message_at desc, conversation.conversation_no desc
    limit ${limit}`.execute(db);
  return rows;
}
