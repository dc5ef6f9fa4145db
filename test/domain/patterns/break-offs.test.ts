import { describe, expect, it } from 'vitest';
import { FALSE_DISCOVERY_RATE } from '../../../domain/patterns/benjamini-hochberg.ts';
import { breakOffs } from '../../../domain/patterns/break-offs.ts';
import { DAY_MS } from '../../../domain/instant.ts';
import { type Random, randomOf } from '../random.ts';
import { aConversation, falseFindingsMax, spanOf } from './company.ts';

const COMPANIES = 200;
const SPAN = spanOf(4);

/** After each Message it ends with the chance that `endAfter` gives. */
function someConversations(count: number, random: Random, endAfter: (messages: number) => number) {
  return Array.from({ length: count }, (_, id) => {
    let messageCount = 1;
    while (!random.chance(endAfter(messageCount))) messageCount += 1;
    return aConversation(id, { messageCount, lastRole: messageCount % 2 ? 'user' : 'bot' });
  });
}

/** Client and bot take turns, and most stop after an answer. */
const inTurns = (messages: number) => (messages % 2 ? 0.05 : 0.25);

const abandoned = (messages: number) => (messages === 7 ? 0.35 : inTurns(messages));

describe('breakOffs', () => {
  it('finds the seventh Message, after which nobody answered', () => {
    const found = breakOffs(someConversations(1_000, randomOf(1), abandoned), SPAN);

    expect(found?.observations).toBe(1_000);
    expect(found?.lengths.map(({ messages }) => messages)).toEqual([7]);
    expect(found?.lengths[0]?.ended.share).toBeCloseTo(0.35, 1);
    expect(found?.lengths[0]?.unanswered).toBe(1);
  });

  it('tells how many Clients spoke last', () => {
    const conversations = Array.from({ length: 200 }, (_, id) =>
      aConversation(id, { lastRole: (['user', 'bot', 'bot', 'agent'] as const)[id % 4] ?? null }),
    );
    const found = breakOffs(conversations, SPAN);
    expect([found?.unanswered.share, found?.afterBot.share]).toEqual([0.25, 0.5]);
  });

  it.each([
    ['at any Message alike', () => 0.15],
    ['after an answer', inTurns],
    ['less and less', (messages: number) => 0.05 + 0.5 / messages],
    ['more and more', (messages: number) => Math.min(1, 0.05 + messages / 40)],
  ])(
    'finds lengths in no more Companies whose Conversations end %s than it promises',
    (_what, endAfter) => {
      let wrong = 0;
      for (let seed = 1; seed <= COMPANIES; seed += 1) {
        const conversations = someConversations(400, randomOf(seed), endAfter);
        if (breakOffs(conversations, SPAN)?.lengths.length) wrong += 1;
      }
      expect(wrong).toBeLessThanOrEqual(falseFindingsMax(COMPANIES, FALSE_DISCOVERY_RATE));
    },
  );

  it('does not count Conversations that may go on', () => {
    const ended = someConversations(150, randomOf(2), inTurns);
    const lastDay = { startMs: 27.5 * DAY_MS };
    const open = Array.from({ length: 50 }, (_, id) => aConversation(1_000 + id, lastDay));
    expect(breakOffs([...ended, ...open], SPAN)?.observations).toBe(150);
  });

  it('is nothing of fewer than 100 Conversations', () => {
    expect(breakOffs(someConversations(99, randomOf(3), inTurns), SPAN)).toBeNull();
  });
});
