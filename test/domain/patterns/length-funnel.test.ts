import { describe, expect, it } from 'vitest';
import { lengthFunnel } from '../../../domain/patterns/length-funnel.ts';
import { DAY_MS } from '../../../domain/instant.ts';
import { aConversation, spanOf } from './company.ts';

const SPAN = spanOf(4);

const ofLengths = (lengths: readonly number[]) =>
  lengths.map((messageCount, id) => aConversation(id, { messageCount }));

describe('lengthFunnel', () => {
  it('tells how many Conversations reach each length, and how many are lost on the way', () => {
    const lengths = Array.from({ length: 200 }, (_, at) => (at < 100 ? 2 : at < 150 ? 4 : 20));
    const found = lengthFunnel(ofLengths(lengths), SPAN);

    expect(found?.observations).toBe(200);
    expect(found?.steps.map((step) => [step.messages, step.conversations, step.lost])).toEqual([
      [1, 200, 0],
      [2, 200, 0.5],
      [3, 100, 0.5],
      [5, 50, 0],
      [8, 50, 0],
      [13, 50, 1],
    ]);
    expect(found?.steps[2]?.reached.share).toBe(0.5);
  });

  it('does not count Conversations that may go on', () => {
    const open = aConversation(1_000, { startMs: 27.9 * DAY_MS, messageCount: 50 });
    const found = lengthFunnel([...ofLengths(Array<number>(100).fill(2)), open], SPAN);
    expect(found?.observations).toBe(100);
    expect(found?.steps.at(-1)?.messages).toBe(2);
  });

  it('is nothing of fewer than 100 Conversations', () => {
    expect(lengthFunnel(ofLengths(Array<number>(99).fill(5)), SPAN)).toBeNull();
  });
});
