import type { Message } from '../domain/message.ts';
import { PAGE_MESSAGES_MAX } from '../domain/page.ts';
import type { Producer } from '../queues/producer.ts';
import type { Wiring } from '../wiring.ts';
import type { Clients } from './clients.ts';

/** The way in and the way back of a replay. */
export interface ReplayDoors {
  /** @throws Error Of the first Message that was refused. */
  hand(messages: readonly Message[]): Promise<void>;
  /** Those of these Messages that are stored, as they are read back, by `identityOf`. */
  find(messages: readonly Message[]): Promise<Map<string, Message>>;
}

export function identityOf({ companyId, messageId }: Message): string {
  return `${companyId}\n${messageId}`;
}

/** Through the typed producer, and back from the tiers, one by one. */
export function queueDoors(producer: Producer, wiring: Wiring): ReplayDoors {
  return {
    async hand(messages) {
      throwRefused(await producer.createMessages(messages));
    },
    async find(messages) {
      const stored = new Map<string, Message>();
      for (const [companyId, own] of byCompany(messages)) {
        const found = await wiring.findStored(companyId, own);
        for (const message of found.values()) stored.set(identityOf(message), message);
      }
      return stored;
    },
  };
}

/** Over HTTP, both ways: `POST /messages`, and the pages of the Conversations. */
export function httpDoors(clients: Clients): ReplayDoors {
  return {
    async hand(messages) {
      const sent = [...byCompany(messages)].map(async ([companyId, own]) => {
        throwRefused(await (await clients(companyId)).createMessages(own));
      });
      await Promise.all(sent);
    },
    async find(messages) {
      const stored = new Map<string, Message>();
      for (const own of byConversation(messages).values()) {
        for await (const message of readSpan(own, clients)) {
          stored.set(identityOf(message), message);
        }
      }
      return stored;
    },
  };
}

/** What their Conversation holds from the first of these Messages to the last. */
async function* readSpan(messages: readonly Message[], clients: Clients) {
  const [first] = messages;
  if (!first) return;
  const times = messages.map(({ createdAt }) => Date.parse(createdAt));
  const client = await clients(first.companyId);
  yield* client.eachMessage({
    conversationId: first.conversationId,
    from: new Date(Math.min(...times)),
    to: new Date(Math.max(...times) + 1),
    limit: PAGE_MESSAGES_MAX,
  });
}

type Handed = { readonly isAccepted: true } | { readonly isAccepted: false; readonly error: Error };

function throwRefused(receipts: readonly Handed[]): void {
  for (const receipt of receipts) if (!receipt.isAccepted) throw receipt.error;
}

const byCompany = (messages: readonly Message[]) =>
  Map.groupBy(messages, (message) => message.companyId);

const byConversation = (messages: readonly Message[]) =>
  Map.groupBy(messages, ({ companyId, conversationId }) => `${companyId}\n${conversationId}`);
