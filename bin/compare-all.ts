import { isDeepStrictEqual } from 'node:util';
import type { Message } from '../domain/message.ts';
import { PAGE_MESSAGES_MAX } from '../domain/page.ts';
import type { Clients } from './clients.ts';

const COMPARED_AT_ONCE = 4;

/** Reads Conversations back, each of a page at most, and compares them with what was sent. */
export async function compareAll(clients: Clients, conversations: readonly (readonly Message[])[]) {
  const counts = { stored: 0, duplicates: 0, lost: 0, altered: 0 };
  const waiting = conversations.values();

  async function compareOne(sent: readonly Message[]): Promise<void> {
    const [first] = sent;
    if (!first) return;
    const { companyId, conversationId } = first;
    const client = await clients(companyId);
    const page = await client.findMessages({ conversationId, limit: PAGE_MESSAGES_MAX });
    const read = new Map(page.messages.map((message) => [message.messageId, message]));
    counts.stored += read.size;
    counts.duplicates += page.messages.length - read.size;
    for (const [at, message] of sent.entries()) {
      if (!read.has(message.messageId)) counts.lost += 1;
      else if (!isDeepStrictEqual(page.messages[at], message)) counts.altered += 1;
    }
  }

  async function compareOneAfterAnother(): Promise<void> {
    for (const sent of waiting) await compareOne(sent);
  }

  await Promise.all(Array.from({ length: COMPARED_AT_ONCE }, compareOneAfterAnother));
  return counts;
}
