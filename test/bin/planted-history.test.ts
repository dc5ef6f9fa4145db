import { expect, it } from 'vitest';
import { Message } from '../../domain/message.ts';
import { readPlantedDialogues } from '../../bin/planted-dialogues.ts';
import { PLANTED_DAYS, plantHistory } from '../../bin/planted-history.ts';

const NOW = Date.parse('2026-03-04T10:00:00.000Z');
const DAY_MS = 86_400_000;
const dialogues = readPlantedDialogues();

const withoutIds = () =>
  plantHistory(dialogues, NOW)
    .conversations.flat()
    .map((message) => ({ ...message, messageId: '' }));

const namesAt = (now: number) =>
  plantHistory(dialogues, now)
    .conversations.flat()
    .flatMap(({ clientId, conversationId }) => [clientId, conversationId]);

it('makes up the same for the same moment, but for the ids of its Messages', () => {
  expect(withoutIds()).toEqual(withoutIds());
});

it('makes up valid Messages of the last months, in the order of time, none of the future', () => {
  const { companyId, conversations } = plantHistory(dialogues, NOW);
  const begun = conversations.map(([first]) => Date.parse(first?.createdAt ?? ''));
  expect(begun).toEqual(begun.toSorted((a, b) => a - b));
  const messages = conversations.flat();
  expect(messages.length).toBeGreaterThan(5_000);
  expect(messages.length).toBeLessThan(10_000);
  expect(new Set(messages.map(({ messageId }) => messageId)).size).toBe(messages.length);
  for (const message of messages) {
    expect(Message.safeParse(message).success).toBe(true);
    expect(message.companyId).toBe(companyId);
    const atMs = Date.parse(message.createdAt);
    expect(atMs).toBeGreaterThanOrEqual(NOW - PLANTED_DAYS * DAY_MS);
    expect(atMs).toBeLessThan(NOW);
  }
});

it('has other Clients and Conversations at another moment, so that two runs do not mix', () => {
  const before = new Set(namesAt(NOW));
  expect(namesAt(NOW + 1).filter((name) => before.has(name))).toEqual([]);
});
