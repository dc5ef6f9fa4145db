import { describe, expect, it } from 'vitest';
import { SPAN_DAYS_MAX } from '../../../domain/patterns/observations.ts';
import { findPatterns } from '../../../domain/patterns/patterns.ts';
import { randomOf } from '../random.ts';
import {
  aClientWeek,
  aConversation,
  aSummary,
  hourOfAnswers,
  someHours,
  spanOf,
} from './company.ts';

const { from } = spanOf(8);
const ALL = { conversationsFrom: from, summariesFrom: from, clientShare: 1 };
const NOTHING = {
  hours: [],
  conversations: [],
  answers: [],
  clientWeeks: [],
  summaries: [],
  ...ALL,
};

describe('findPatterns', () => {
  it('gives no pattern of nothing', () => {
    const found = Object.entries(findPatterns(NOTHING, spanOf(8)));
    expect(found).toHaveLength(9);
    expect(found.filter(([, pattern]) => pattern !== null)).toEqual([]);
  });

  it('tells of each pattern how much it rests on, as plain JSON', () => {
    const random = randomOf(1);
    const ids = Array.from({ length: 300 }, (_, id) => id);
    const seen = {
      ...ALL,
      hours: someHours(8, () => random.poisson(6)),
      conversations: ids.map((id) => aConversation(id, { messageCount: 1 + random.below(9) })),
      answers: ids.map((at) => hourOfAnswers(at, [1_000, 2_000, 90_000])),
      clientWeeks: ids.map((id) => aClientWeek(`client-${id}`, id % 8)),
      summaries: ids.map((id) => aSummary(id, { tags: ['pix', `tag ${id % 5}`] })),
    };

    const found = findPatterns(seen, spanOf(8));
    for (const pattern of Object.values(found)) {
      expect(pattern?.observations).toBeGreaterThan(0);
    }
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  it.each([
    ['that is empty', '2026-01-05T00:00:00.000Z'],
    ['that ends before it begins', '2025-01-05T00:00:00.000Z'],
    [`of more than ${SPAN_DAYS_MAX} days`, '2027-06-01T00:00:00.000Z'],
  ])('refuses a span %s, a bug of its caller', (_what, to) => {
    expect(() => findPatterns(NOTHING, { ...spanOf(1), to })).toThrow(RangeError);
  });
});
