import { readSamples, type Sample } from '../bin/samples.ts';
import { instantOf } from '../domain/instant.ts';
import type { Message } from '../domain/message.ts';
import { newMessageId } from '../domain/message-id.ts';

/** Conversations that go on at the same time: each message comes from one of these. */
const OPEN_CONVERSATIONS = 500;
/** As many turns as public dialogues have on average: of 371,032 turns in 21,652 dialogues, 17. */
const TURNS = 17;

/** Numbers that look random and are the same in every run (Park and Miller, 1988). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/**
 * Messages as a busy installation sees them: many conversations at once, turn by turn in a random
 * order, with the texts of the samples, spread over their six companies.
 *
 * @param count     How many.
 * @param startedAt `createdAt` of the first one, milliseconds since 1970; the others follow by 1 ms.
 */
export function makeLoad(count: number, startedAt: number): Message[] {
  const companies = turnsByCompany();
  const random = seeded(42);
  const open: Conversation[] = [];
  const messages: Message[] = [];
  let opened = 0;

  while (messages.length < count) {
    while (open.length < OPEN_CONVERSATIONS) open.push(newConversation(companies, (opened += 1)));
    const at = Math.floor(random() * open.length);
    const conversation = open[at];
    const next = conversation?.turns.next();
    if (!conversation || !next || next.done) {
      open.splice(at, 1);
      continue;
    }
    const { companyId, clientId, conversationId } = conversation;
    const createdAt = instantOf(startedAt + messages.length);
    const { role, text: content } = next.value;
    const messageId = newMessageId();
    messages.push({ companyId, clientId, conversationId, messageId, role, content, createdAt });
  }
  return messages;
}

type Turn = Sample['turns'][number];

interface Conversation {
  readonly companyId: string;
  readonly clientId: string;
  readonly conversationId: string;
  readonly turns: Iterator<Turn>;
}

function newConversation(companies: readonly [string, Turn[]][], number: number): Conversation {
  const [companyId, turns] = companies[number % companies.length] ?? ['', []];
  const from = (number * TURNS) % Math.max(1, turns.length - TURNS);
  return {
    companyId,
    clientId: `client-${number % 5_000}`,
    conversationId: `conversation-${number}`,
    turns: turns.slice(from, from + TURNS).values(),
  };
}

function turnsByCompany(): [string, Turn[]][] {
  const byCompany = Map.groupBy(readSamples(), (sample) => sample.company);
  return [...byCompany].map(([company, samples]) => [company, samples.flatMap((one) => one.turns)]);
}

/** The same Messages under new ids, so that they are stored anew. */
export function renewed(messages: readonly Message[]): Message[] {
  return messages.map((message) => ({ ...message, messageId: newMessageId() }));
}
