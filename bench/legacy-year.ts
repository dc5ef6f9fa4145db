import { instantOf } from '../domain/instant.ts';
import type { Dialogue } from './dialogues.ts';
import { seeded } from './load.ts';

const CLIENTS = 5_000;
const TURN_MS = 20_000;
const YEAR_MS = 365 * 86_400_000;

interface Turn {
  readonly at: number;
  readonly number: number;
  readonly turn: Dialogue[number];
}

/**
 * A year as an older system exports it, in the order it was said: one JSON line for each message,
 * under names of that system's own, without ids. Conversations begin at random moments.
 */
export function* legacyYear(
  dialogues: readonly Dialogue[],
  { messages, companies, endsAt }: { messages: number; companies: number; endsAt: number },
): Generator<string> {
  const random = seeded(42);
  const turns: Turn[] = [];
  for (let number = 1; turns.length < messages; number += 1) {
    const startedAt = endsAt - random() * YEAR_MS;
    const said = dialogues[number % dialogues.length] ?? [];
    for (const [nth, turn] of said.entries()) {
      const at = startedAt + nth * TURN_MS;
      if (at < endsAt && turns.length < messages) turns.push({ at, number, turn });
    }
  }
  for (const one of turns.toSorted((a, b) => a.at - b.at)) {
    yield `${JSON.stringify(lineOf(one, companies))}\n`;
  }
}

function lineOf({ at, number, turn }: Turn, companies: number) {
  return {
    tenant: `company-${number % companies}`,
    customer_id: `customer-${number % CLIENTS}`,
    chat_id: `chat-${number}`,
    sender: turn.role === 'bot' ? 'assistant' : turn.role,
    body: turn.text,
    created_at: instantOf(Math.floor(at)),
  };
}
