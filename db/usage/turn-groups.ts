/** What is known of a Conversation before it is read. */
interface Length {
  /** In all; of those in a span there are no more. */
  readonly messages: number;
}

/**
 * Conversations in their order, in groups that have so many Messages at most; one that has more alone
 * is a group of its own.
 */
export function groupsOf<Life extends Length>(
  lives: ReadonlyMap<number, Life>,
  messagesMax: number,
): Map<number, Life>[] {
  const groups: Map<number, Life>[] = [];
  let room = 0;
  for (const [conversationNo, life] of lives) {
    room -= life.messages;
    if (groups.length === 0 || room < 0) {
      groups.push(new Map());
      room = messagesMax - life.messages;
    }
    groups.at(-1)?.set(conversationNo, life);
  }
  return groups;
}
