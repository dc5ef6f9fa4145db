import { describe, expect, it } from 'vitest';
import { FALSE_DISCOVERY_RATE } from '../../../domain/patterns/benjamini-hochberg.ts';
import { DAY_MS } from '../../../domain/instant.ts';
import type { SummarySeen } from '../../../domain/patterns/observations.ts';
import { type Topics, topics } from '../../../domain/patterns/topics.ts';
import { type Random, randomOf } from '../random.ts';
import { aSummary, falseFindingsMax, pick, spanOf } from './company.ts';

const COMPANIES = 200;
const WEEKS = 8;
const SPAN = spanOf(WEEKS);
const WORDS = Array.from({ length: 30 }, (_, at) => `word ${at}`);

const anyTime = (random: Random) => random.uniform() * WEEKS * 7 * DAY_MS;

/** Tags that mean nothing: the first ones are the most frequent. */
function noise(random: Random): string[] {
  const length = 1 + random.below(4);
  return Array.from({ length }, () => WORDS[Math.floor(30 * random.uniform() ** 2)] ?? '');
}

const somePlain = (count: number, random: Random): SummarySeen[] =>
  Array.from({ length: count }, (_, id) =>
    aSummary(id, { startMs: anyTime(random), tags: noise(random) }),
  );

const clusters = (found: Topics | null) => found?.topics.filter(({ tags }) => tags.length > 1);

describe('topics', () => {
  it('finds tags that come together, in one topic each', () => {
    const random = randomOf(1);
    const planted = [
      ['delivery', 'late', 'courier'],
      ['refund', 'invoice'],
    ];
    const summaries = somePlain(300, random).map((summary, at) =>
      at < 80 ? { ...summary, tags: [...(planted[at % 2] ?? []), pick(random, WORDS)] } : summary,
    );

    const found = topics(summaries, SPAN);
    expect(found?.observations).toBe(300);
    expect(clusters(found)?.map(({ tags }) => tags.toSorted())).toEqual([
      ['courier', 'delivery', 'late'],
      ['invoice', 'refund'],
    ]);
    expect(clusters(found)?.[0]?.conversations).toBe(40);
    expect(clusters(found)?.[0]?.examples).toHaveLength(3);
  });

  it('keeps two topics apart that share one frequent word', () => {
    const random = randomOf(2);
    const planted = [
      ['delivery', 'courier', 'order'],
      ['invoice', 'boleto', 'order'],
    ];
    const summaries = somePlain(300, random).map((summary, at) =>
      at < 120 ? { ...summary, tags: planted[at % 2] ?? [] } : summary,
    );
    const tagsOf = (word: string) =>
      topics(summaries, SPAN)?.topics.find(({ tags }) => tags.includes(word))?.tags ?? [];
    expect(tagsOf('delivery')).toContain('courier');
    expect(tagsOf('delivery')).not.toContain('invoice');
    expect(tagsOf('boleto')).toContain('invoice');
  });

  it('finds a topic that rises in the later half, and one that falls', () => {
    const random = randomOf(3);
    const half = (WEEKS * 7 * DAY_MS) / 2;
    const summaries = Array.from({ length: 400 }, (_, id) => {
      const startMs = (id < 200 ? 0 : half) + random.uniform() * half;
      const tag = random.chance(0.3) ? (id < 200 ? 'boleto' : 'pix') : pick(random, WORDS);
      return aSummary(id, { startMs, tags: [tag] });
    });

    const moving = topics(summaries, SPAN)?.topics.filter(({ trend }) => trend);
    expect(moving?.map(({ tags, trend }) => [tags[0], trend?.direction]).toSorted()).toEqual([
      ['boleto', 'falling'],
      ['pix', 'rising'],
    ]);
  });

  it('gives the same whatever order the Summaries come in', () => {
    const at = '2026-01-20T00:00:00.000Z';
    const summaries = somePlain(200, randomOf(4)).map((one, id) => (id % 2 ? { ...one, at } : one));
    expect(topics(summaries.toReversed(), SPAN)).toEqual(topics(summaries, SPAN));
  });

  it('counts a Conversation that was summarized twice once, by its latest Summary', () => {
    const first = Array.from({ length: 60 }, (_, id) => aSummary(id, { tags: ['early'] }));
    const later = first.map((summary) => ({
      ...summary,
      at: '2026-02-01T00:00:00.000Z',
      tags: ['late'],
    }));
    const found = topics([...later, ...first], SPAN);
    expect(found?.observations).toBe(60);
    expect(found?.topics.map(({ tags }) => tags)).toEqual([['late']]);
  });

  it.each([
    ['clusters', (found: Topics | null) => clusters(found)?.length ?? 0],
    ['trends', (found: Topics | null) => found?.topics.filter(({ trend }) => trend).length ?? 0],
  ])('finds %s in no more Companies whose tags mean nothing than it promises', (_what, count) => {
    let wrong = 0;
    for (let seed = 1; seed <= COMPANIES; seed += 1) {
      if (count(topics(somePlain(300, randomOf(seed)), SPAN)) > 0) wrong += 1;
    }
    expect(wrong).toBeLessThanOrEqual(falseFindingsMax(COMPANIES, FALSE_DISCOVERY_RATE));
  });

  it('is nothing of fewer than 50 Conversations, and leaves out what does not recur', () => {
    expect(topics(somePlain(49, randomOf(5)), SPAN)).toBeNull();
    const unlike = Array.from({ length: 60 }, (_, id) => aSummary(id, { tags: [`tag ${id}`] }));
    expect(topics(unlike, SPAN)?.topics).toEqual([]);
  });
});
