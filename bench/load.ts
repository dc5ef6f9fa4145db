import { readSamples, type Sample } from '../bin/samples.ts';
import { instantOf } from '../domain/instant.ts';
import type { Message } from '../domain/message.ts';
import { newMessageId } from '../domain/message-id.ts';

/** Conversations that go on at the same time: each message comes from one of these. */
const OPEN_CONVERSATIONS = 500;
/** As many turns as public dialogues have on average: of 371,032 turns in 21,652 dialogues, 17. */
const TURNS = 17;

/** Numbers that look random and are the same in every run (Park and Miller, 1988). */
export function seeded(seed: number): () => number {
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
  readonly turns: Generator<Turn, void>;
}

function newConversation(
  companies: readonly [string, Turn[]][],
  number: number,
  turnCount = TURNS,
): Conversation {
  const [companyId, turns] = companies[number % companies.length] ?? ['', []];
  const from = (number * TURNS) % Math.max(1, turns.length - TURNS);
  return {
    companyId,
    clientId: `client-${number % 5_000}`,
    conversationId: `conversation-${number}`,
    turns: talk(turns, from, turnCount),
  };
}

/** Those who have much to say begin again where the samples end. */
function* talk(turns: readonly Turn[], from: number, count: number): Generator<Turn, void> {
  for (let at = from; at < from + count; at += 1) {
    const turn = turns[at % turns.length];
    if (turn) yield turn;
  }
}

/** What was said in one Company within the last day. */
export interface HistoryShape {
  readonly companyId: string;
  readonly conversations: number;
  /** How many Messages a Conversation has, by its number from 1 on. */
  turnsOf(number: number): number;
}

/** The Conversation with a number, as `makeHistory` names it. */
export const conversationIdOf = (number: number) => `conversation-${number}`;

const DAY_MS = 86_400_000;

/**
 * The Messages of one Company whose Conversations overlap over the whole day, in the order in which
 * they were said, each at a millisecond of its own.
 *
 * @param endsAt `createdAt` of the last one, milliseconds since 1970.
 */
export function* makeHistory(shape: HistoryShape, endsAt: number): Generator<Message> {
  const { companyId } = shape;
  const companies = turnsByCompany();
  const conversations = Array.from({ length: shape.conversations }, (_, at) =>
    newConversation(companies, at + 1, shape.turnsOf(at + 1)),
  );
  const order = shuffled(
    conversations.flatMap((one, at) => Array(shape.turnsOf(at + 1)).fill(one)),
  );
  const spacingMs = Math.max(1, Math.floor((DAY_MS * 0.9) / order.length));

  for (const [at, { clientId, conversationId, turns }] of order.entries()) {
    const next = turns.next();
    if (next.done) throw new Error(`${conversationId} has nothing more to say`);
    const { role, text: content } = next.value;
    const createdAt = instantOf(endsAt - (order.length - 1 - at) * spacingMs);
    const messageId = newMessageId();
    yield { companyId, clientId, conversationId, messageId, role, content, createdAt };
  }
}

/** In an order that is random and the same in every run (Fisher and Yates). */
export function shuffled<Item>(items: readonly Item[]): Item[] {
  const random = seeded(7);
  const order = [...items];
  for (let at = order.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [order[at], order[other]] = [order[other] as Item, order[at] as Item];
  }
  return order;
}

function turnsByCompany(): [string, Turn[]][] {
  const byCompany = Map.groupBy(readSamples(), (sample) => sample.company);
  return [...byCompany].map(([company, samples]) => [company, samples.flatMap((one) => one.turns)]);
}

/** The same Messages under new ids, so that they are stored anew. */
export function renewed(messages: readonly Message[]): Message[] {
  return messages.map((message) => ({ ...message, messageId: newMessageId() }));
}
