import type { Kysely } from 'kysely';
import type { Tier } from '../domain/archive.ts';
import type { Message } from '../domain/message.ts';
import { type CheckedPageRequest, cursorOf, type Page } from '../domain/page.ts';
import { type Entry, findLive } from './cold/catalogue.ts';
import { coldUnconfigured } from './cold/faults.ts';
import type { Cold } from './cold/open-cold.ts';
import { type ColdPage, readCold, type Whose } from './cold/read-cold.ts';
import { mergeRows } from './merge-rows.ts';
import { type MessageRow, toMessage } from './message-row.ts';
import type { Names } from './names.ts';
import {
  type HotRow,
  isForward,
  overlapOf,
  type Range,
  readHot,
  spanOf,
  toRange,
} from './page-range.ts';
import { readConversationsOfClient, readWarm } from './read-warm.ts';
import type { Database, Datetime } from './schema.ts';

interface Deps {
  readonly db: Kysely<Database>;
  readonly names: Names;
  readonly cold: Cold;
}

/**
 * One page of Messages in `(createdAt, messageId)` order (P4): of a Conversation, of a Client, or of
 * the whole Company, whichever tiers it lies in.
 *
 * @throws PipelineError `CURSOR_INVALID`; `COLD_UNREACHABLE` if part of the page is in the archive, and
 *         that does not answer.
 */
export async function findMessages(deps: Deps, request: CheckedPageRequest): Promise<Page> {
  return (await findPage(deps, request)).page;
}

/** A page, and which tiers were asked for it. */
export interface FoundPage {
  readonly page: Page;
  readonly tiers: readonly Tier[];
}

/** The same, and whom it was asked of. */
export async function findPage(deps: Deps, request: CheckedPageRequest): Promise<FoundPage> {
  const range = await toRange(deps.names, request);
  const { rows, gaps, tiers } = range === null ? NOTHING : await readTiers(deps, range);

  const hasMore = rows.length > request.limit;
  const messages = rows.slice(0, request.limit).map((row) => toMessage(row, request.companyId));
  const page =
    request.after === undefined
      ? olderPage(messages.toReversed(), { hasMore, before: request.before ?? null })
      : newerPage(messages, request.after);
  return { page: gaps.length === 0 ? page : { ...page, unavailable: gaps }, tiers };
}

interface TierRows extends ColdPage {
  readonly tiers: readonly Tier[];
}

const NOTHING: TierRows = { rows: [], gaps: [], tiers: [] };

function olderPage(messages: Message[], around: { hasMore: boolean; before: string | null }): Page {
  const [first, last] = [messages.at(0), messages.at(-1)];
  const before = first && around.hasMore ? cursorOf(first) : null;
  return { messages, before, after: last ? cursorOf(last) : around.before };
}

function newerPage(messages: Message[], after: string): Page {
  const [first, last] = [messages.at(0), messages.at(-1)];
  return { messages, before: first ? cursorOf(first) : null, after: last ? cursorOf(last) : after };
}

/** Most pages lie in the hot tier whole, and it can tell: then one statement is all. */
async function readTiers(deps: Deps, range: Range): Promise<TierRows> {
  const hot = await readHot(deps.db, range);
  if (isWhole(hot, range)) return { rows: hot, gaps: [], tiers: ['hot'] };
  const { rows, below, tiers } = await readSnapshot(deps.db, range);
  if (below === null) return { rows, gaps: [], tiers };
  if (deps.cold === null) throw coldUnconfigured();
  // Segments never change, and stay for a while after they were replaced.
  const cold = await readCold(deps.cold, range, { ...below, above: rows });
  return { ...cold, tiers: [...tiers, 'cold'] };
}

/** Whether nothing of the page can lie in a lower tier, by what the rows say themselves. */
function isWhole(rows: readonly HotRow[], range: Range): boolean {
  const [first] = rows;
  if (!first) return false;
  if (first.hot_since === null) return true;
  const isOneConversation = range.scope.equal.conversation_no !== undefined;
  if (isOneConversation && (first.first_message_at ?? '') >= first.hot_since) return true;
  return isAbove(first.hot_since, rows, range);
}

/** Whether a page, as far as it is read, is complete if all else is older than `since`. */
function isAbove(since: Datetime, rows: readonly MessageRow[], range: Range): boolean {
  if ((spanOf(range).since ?? '') >= since) return true;
  if (isForward(range)) return false;
  const last = rows[range.request.limit]; // One more than the page holds.
  return last !== undefined && last.created_at >= since;
}

/** What MySQL has of a page, and where in the archive the rest of it may be. */
interface Snapshot {
  readonly rows: readonly MessageRow[];
  readonly tiers: readonly Tier[];
  /** Null: nowhere. */
  readonly below: { readonly segments: readonly Entry[]; readonly whose: Whose } | null;
}

/**
 * All tiers as they are at one moment: what moves meanwhile is seen in one of them, and in no other
 * (P3).
 */
function readSnapshot(db: Kysely<Database>, range: Range): Promise<Snapshot> {
  const snapshot = db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only');
  return snapshot.execute(async (transaction) => {
    const { hotSince, warmSince, firstMessageAt, lastMessageAt } = await readEdges(
      transaction,
      range,
    );
    const hot = await readHot(transaction, range);
    const isAllAbove = (since: Datetime | null, rows: readonly MessageRow[]) =>
      since === null || (firstMessageAt ?? '') >= since || isAbove(since, rows, range);
    if (isAllAbove(hotSince, hot)) return { rows: hot, tiers: ['hot'], below: null };

    const rows = mergeRows([hot, await readWarm(transaction, range)], range);
    const tiers = ['hot', 'warm'] as const;
    if (isAllAbove(warmSince, rows)) return { rows, tiers, below: null };
    const { company_no: companyNo, conversation_no: conversationNo } = range.scope.equal;
    // What comes late widens these in the transaction that stores it, so they hold in this snapshot.
    const span = overlapOf(spanOf(range), { since: firstMessageAt, until: lastMessageAt });
    const segments = await findLive(transaction, { companyNo, conversationNo, ...span });
    if (segments.length === 0) return { rows, tiers, below: null };
    return { rows, tiers, below: { segments, whose: await whoseOf(transaction, range) } };
  });
}

/** From when on there is nothing below; and of a page of one Conversation, from when to when it goes. */
async function readEdges(db: Kysely<Database>, { scope }: Range) {
  const { company_no: companyNo, conversation_no: conversationNo } = scope.equal;
  const company = await db
    .selectFrom('companies as company')
    .leftJoin('conversations as conversation', (join) =>
      join.on('conversation.conversation_no', '=', conversationNo ?? null),
    )
    .select(['company.hot_since as hotSince', 'company.warm_since as warmSince'])
    .select('conversation.first_message_at as firstMessageAt')
    .select('conversation.last_message_at as lastMessageAt')
    .where('company.company_no', '=', companyNo)
    .executeTakeFirst();
  return company ?? { hotSince: null, warmSince: null, firstMessageAt: null, lastMessageAt: null };
}

async function whoseOf(db: Kysely<Database>, range: Range): Promise<Whose> {
  const { conversation_no: conversationNo, client_no: clientNo } = range.scope.equal;
  if (conversationNo !== undefined) return { conversationNos: new Set([conversationNo]) };
  const { clientId } = range.request;
  if (clientNo === undefined || clientId === undefined) return {};
  return { clientId, conversationNos: await readConversationsOfClient(db, range) };
}
