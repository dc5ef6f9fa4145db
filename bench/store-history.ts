import type { Message } from '../domain/message.ts';
import type { Wiring } from '../wiring.ts';

const MESSAGES_PER_CALL = 4_000;
const STORE_MS_MAX = 60_000;

/**
 * Stores Messages through the very function that `persist` calls: the same rows, names, counts and
 * Ledger, only without the way through the queue.
 *
 * @param also Is given the same Messages, at the same time.
 */
export async function storeHistory(
  wiring: Wiring,
  messages: Iterable<Message>,
  also: (messages: readonly Message[]) => Promise<void> = async () => {},
): Promise<number> {
  let stored = 0;
  for (const some of pieces(messages)) {
    const storing = wiring.deps.storeMessages(some, AbortSignal.timeout(STORE_MS_MAX));
    const [verdicts] = await Promise.all([storing, also(some)]);
    const refused = verdicts.find(({ outcome }) => outcome !== 'stored');
    if (refused) throw new Error(`a message was not stored: ${refused.outcome}`);
    stored += some.length;
  }
  return stored;
}

function* pieces(messages: Iterable<Message>): Generator<Message[]> {
  let piece: Message[] = [];
  for (const message of messages) {
    piece.push(message);
    if (piece.length < MESSAGES_PER_CALL) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}
