import { describe, expect, it } from 'vitest';
import { FALSE_DISCOVERY_RATE } from '../../../domain/patterns/benjamini-hochberg.ts';
import { unusualDays } from '../../../domain/patterns/unusual-days.ts';
import { type Random, randomOf } from '../random.ts';
import { falseFindingsMax, someHours, spanOf } from './company.ts';

const COMPANIES = 200;

/** Quiet weekends, days that differ by `spread`, and a season that doubles what there is. */
function somePlainHours(weeks: number, random: Random, spread: number) {
  let busy = 1;
  return someHours(weeks, ({ at, weekday, hour }) => {
    if (hour === 0 && spread > 0) busy = random.gamma(spread);
    return random.poisson(5 * (1 + at / (weeks * 168)) * busy * (weekday > 5 ? 0.2 : 1));
  });
}

describe('unusualDays', () => {
  it('finds a day of an outage and a day of a rush, and no other', () => {
    const random = randomOf(1);
    const hours = somePlainHours(10, random, 0.01).map((hour) => {
      if (hour.hour.startsWith('2026-02-04')) return { ...hour, user: 0, conversationsOpened: 0 };
      if (hour.hour.startsWith('2026-02-19')) return { ...hour, user: hour.user * 3 };
      return hour;
    });

    const found = unusualDays(hours, spanOf(10));
    expect(found?.observations).toBe(70);
    expect(found?.days.map(({ day, series, score }) => [day, series, Math.sign(score)])).toEqual([
      ['2026-02-19', 'messages', 1],
      ['2026-02-04', 'messages', -1],
      ['2026-02-04', 'conversations', -1],
    ]);
  });

  it('knows that a Sunday as busy as a Monday is unusual', () => {
    const random = randomOf(2);
    const hours = somePlainHours(8, random, 0).map((hour) =>
      hour.hour.startsWith('2026-02-01') ? { ...hour, user: 10 } : hour,
    );
    expect(unusualDays(hours, spanOf(8))?.days).toEqual([
      expect.objectContaining({ day: '2026-02-01', series: 'messages', count: 240 }),
    ]);
  });

  it('finds nothing unusual in a season that comes and goes', () => {
    const random = randomOf(3);
    const hours = someHours(16, ({ at }) => random.poisson(6 + 4 * Math.sin(at / 500)));
    expect(unusualDays(hours, spanOf(16))?.days).toEqual([]);
  });

  it.each([0.05, 0.3])(
    'finds days in no more Companies whose days differ by %d than it promises',
    (spread) => {
      let wrong = 0;
      for (let seed = 1; seed <= COMPANIES; seed += 1) {
        const hours = somePlainHours(6, randomOf(seed), spread);
        if (unusualDays(hours, spanOf(6))?.days.length) wrong += 1;
      }
      expect(wrong).toBeLessThanOrEqual(falseFindingsMax(COMPANIES, FALSE_DISCOVERY_RATE));
    },
  );

  it('counts whole days of the Company only', () => {
    const hours = someHours(5, () => 10);
    expect(unusualDays(hours, spanOf(5))?.observations).toBe(35);
    expect(unusualDays(hours, spanOf(5, 'Asia/Tokyo'))?.observations).toBe(34);
  });

  it('is nothing of less than four weeks, or of a handful of Messages a day', () => {
    const plenty = someHours(3, () => 10);
    const few = someHours(8, ({ at }) => (at % 24 === 12 ? 4 : 0));
    expect(unusualDays(plenty, spanOf(3))).toBeNull();
    expect(unusualDays(few, spanOf(8))).toBeNull();
  });
});
