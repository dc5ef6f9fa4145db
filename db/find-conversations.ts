import type { Kysely } from 'kysely';
import {
  conversationCursorInvalid,
  type ConversationPage,
  type Conversation,
  fromConversationCursor,
  toConversationCursor,
} from '../domain/conversation.ts';
import type { Instant } from '../domain/instant.ts';
import { readConversations } from './conversations.ts';
import type { Names } from './names.ts';
import type { Database } from './schema.ts';

export interface ConversationsRequest {
  readonly companyId: string;
  readonly limit: number;
  /** Only those that spoke at this moment or later. */
  readonly since?: Instant | undefined;
  readonly before?: string | undefined;
}

/**
 * One page of a Company's Conversations, the one that spoke last first.
 *
 * @throws PipelineError `CURSOR_INVALID`.
 */
export async function findConversations(
  { db, names }: { db: Kysely<Database>; names: Names },
  { companyId, limit, since, before }: ConversationsRequest,
): Promise<ConversationPage> {
  const position = before === undefined ? null : fromConversationCursor(before);
  const companyNo = await names.companyNo(companyId);
  if (companyNo === null) {
    if (position) throw conversationCursorInvalid();
    return { conversations: [], before: null };
  }
  const conversationNo =
    position && (await names.conversationNo(companyNo, position.conversationId));
  if (position && conversationNo === null) throw conversationCursorInvalid();
  const behind = position && { ...position, conversationNo: conversationNo ?? 0 };
  const found = await readConversations(db, {
    companyNo,
    limit: limit + 1, // To know whether there are more.
    since,
    before: behind ?? undefined,
  });
  return toPage(found.slice(0, limit), found.length > limit);
}

function toPage(conversations: readonly Conversation[], hasMore: boolean): ConversationPage {
  const last = conversations.at(-1);
  return { conversations, before: last && hasMore ? toConversationCursor(last) : null };
}
