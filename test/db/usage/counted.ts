import type { Message } from '../../../domain/message.ts';
import { newMessageId } from '../../../domain/message-id.ts';
import { aMessage } from '../../house.ts';

const ROLES = ['user', 'bot', 'user', 'agent', 'system'] as const;

/** Conversations of a few minutes on some days, the same ones each time. */
export function someConversations(companyId: string, days: readonly string[]): Message[] {
  return days.flatMap((day, dayNth) =>
    Array.from({ length: 12 }, (_, nth) => nth).flatMap((nth) =>
      Array.from({ length: 3 + (nth % 5) }, (_, turn) => {
        const startsAt = Date.parse(`${day}T09:50:00Z`) + nth * 3_300_000;
        return aMessage({
          companyId,
          conversationId: `c-${dayNth}-${nth}`,
          clientId: `client-${nth % 7}`,
          messageId: newMessageId(),
          role: ROLES[(turn + nth) % ROLES.length] ?? 'user',
          content: 'olá 📦'.repeat(1 + ((nth + turn) % 4)),
          createdAt: new Date(startsAt + turn * 97_000).toISOString(),
        });
      }),
    ),
  );
}

/** Messages by Client, UTC hour and role, counted without any of what is tested. */
export function countedByHand(messages: readonly Message[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { clientId, createdAt, role } of messages) {
    const key = `${clientId} ${createdAt.slice(0, 13)} ${role}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}
