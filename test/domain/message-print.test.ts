import { describe, expect, it } from 'vitest';
import {
  addToDay,
  emptyDayPrint,
  isSameDay,
  messagePrint,
  printedOf,
} from '../../domain/message-print.ts';
import { aMessage } from '../house.ts';

const day = (messages: readonly ReturnType<typeof aMessage>[]) => {
  const print = emptyDayPrint('padaria', '2026-03-01');
  for (const message of messages) addToDay(print, printedOf(message));
  return print;
};

describe('the print of a Message', () => {
  const message = aMessage({ metadata: { a: 1 } });

  it.each([
    { content: 'x' },
    { clientId: 'x' },
    { conversationId: 'x' },
    { role: 'bot' as const },
    { messageId: 'x' },
    { createdAt: '2026-03-01T12:00:00.001Z' },
    { metadata: { a: 2 } },
  ])('is another one with %j', (change) => {
    const changed = messagePrint(printedOf({ ...message, ...change }));
    expect(changed).not.toBe(messagePrint(printedOf(message)));
  });
});

describe('the print of a day', () => {
  const messages = Array.from({ length: 50 }, () => aMessage());

  it('is the same in any order', () => {
    expect(isSameDay(day(messages), day(messages.toReversed()))).toBe(true);
  });

  it('is another one when a Message is missing, or there twice', () => {
    const [first = aMessage(), ...others] = messages;
    expect(isSameDay(day(messages), day(others))).toBe(false);
    expect(isSameDay(day(messages), day([first, ...messages]))).toBe(false);
  });
});
