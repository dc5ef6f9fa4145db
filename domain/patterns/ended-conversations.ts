import { ACTIVE_MS } from '../conversation.ts';
import type { ConversationSeen, Span } from './observations.ts';

/** Those nobody has spoken in for `ACTIVE_MS` before the span ended. The others may go on. */
export function endedConversations(
  conversations: readonly ConversationSeen[],
  span: Span,
): ConversationSeen[] {
  const activeFrom = Date.parse(span.to) - ACTIVE_MS;
  return conversations.filter(({ lastMessageAt }) => Date.parse(lastMessageAt) < activeFrom);
}
