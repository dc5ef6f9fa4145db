/**
 * Which of several writers at once a Conversation belongs to: always the same one, so that no two of
 * them wait for one of its rows. FNV-1a (Fowler, Noll, Vo), 32 bits: spreads ids evenly, whatever
 * they look like.
 */
export function laneOf(conversationId: string, lanes: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < conversationId.length; at += 1) {
    hash = Math.imul(hash ^ conversationId.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 8) % lanes;
}
