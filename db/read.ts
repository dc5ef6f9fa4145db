import type { Kysely } from 'kysely';
import type { Message } from '../domain/message.ts';
import { type CheckedPageRequest, cursorOf, type Page } from '../domain/page.ts';
import { mergeRows } from './merge-rows.ts';
import { type MessageRow, toMessage } from './message-row.ts';
import type { Names } from './names.ts';
import { type HotRow, isForward, type Range, readHot, spanOf, toRange } from './page-range.ts';
import { readWarm } from './read-warm.ts';
import type { Database, Datetime } from './schema.ts';

interface Deps {
  readonly db: Kysely<Database>;
  readonly names: Names;
}

/**
 * One page of Messages in `(createdAt, messageId)` order (P4): of a Conversation, of a Client, or of
 * the whole Company, whichever tiers it lies in.
 *
 * @throws PipelineError `CURSOR_INVALID`.
 */
export async function findMessages(deps: Deps, request: CheckedPageRequest): Promise<Page> {
  const range = await toRange(deps.names, request);
  const rows = range === null ? [] : await readTiers(deps, range);

  const hasMore = rows.length > request.limit;
  const messages = rows.slice(0, request.limit).map((row) => toMessage(row, request.companyId));
  return request.after === undefined
    ? olderPage(messages.toReversed(), { hasMore, before: request.before ?? null })
    : newerPage(messages, request.after);
}

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
async function readTiers(deps: Deps, range: Range): Promise<readonly MessageRow[]> {
  const hot = await readHot(deps.db, range);
  return isWhole(hot, range) ? hot : readBelow(deps.db, range);
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

/**
 * All tiers as they are at one moment: what moves meanwhile is seen in one of them, and in no other
 * (P3).
 */
function readBelow(db: Kysely<Database>, range: Range): Promise<readonly MessageRow[]> {
  const snapshot = db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only');
  return snapshot.execute(async (transaction) => {
    const { company_no: companyNo } = range.scope.equal;
    const company = await transaction
      .selectFrom('companies')
      .select(['hot_since', 'warm_since'])
      .where('company_no', '=', companyNo)
      .executeTakeFirstOrThrow();
    const hot = await readHot(transaction, range);
    if (company.hot_since === null || isAbove(company.hot_since, hot, range)) return hot;
    return mergeRows([hot, await readWarm(transaction, range)], range);
  });
}
