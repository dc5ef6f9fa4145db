import { readSamples, type Sample } from '../bin/samples.ts';
import { instantOf } from '../domain/instant.ts';
import type { Message } from '../domain/message.ts';
import { newMessageId } from '../domain/message-id.ts';

/** Conversations that go on at the same time: each message comes from one of these. */
const OPEN_CONVERSATIONS = 500;

/** Numbers that look random and are the same in every run (Park and Miller, 1988). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/**
 * Messages as a busy installation sees them: many sample conversations at once, turn by turn in a
 * random order, each with its own clients, spread over the six companies of the samples.
 *
 * @param count     How many.
 * @param startedAt `createdAt` of the first one, milliseconds since 1970; the others follow by 1 ms.
 */
export function makeLoad(count: number, startedAt: number): Message[] {
  const samples = readSamples();
  const random = seeded(42);
  const open: { sample: Sample; turn: number; number: number }[] = [];
  const messages: Message[] = [];
  let started = 0;

  while (messages.length < count) {
    while (open.length < OPEN_CONVERSATIONS) {
      const sample = samples[started % samples.length];
      if (sample) open.push({ sample, turn: 0, number: started });
      started += 1;
    }
    const at = Math.floor(random() * open.length);
    const conversation = open[at];
    const turn = conversation?.sample.turns[conversation.turn];
    if (!conversation || !turn) {
      open.splice(at, 1);
      continue;
    }
    conversation.turn += 1;
    messages.push({
      companyId: conversation.sample.company,
      clientId: `client-${conversation.number % 5_000}`,
      conversationId: `${conversation.sample.id}-${conversation.number}`,
      messageId: newMessageId(),
      role: turn.role,
      content: turn.text,
      createdAt: instantOf(startedAt + messages.length),
    });
  }
  return messages;
}

/** The same Messages under new ids, so that they are stored anew. */
export function renewed(messages: readonly Message[]): Message[] {
  return messages.map((message) => ({ ...message, messageId: newMessageId() }));
}
