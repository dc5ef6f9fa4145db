import { describe, expect, it } from 'vitest';
import { FALSE_DISCOVERY_RATE } from '../../../domain/patterns/benjamini-hochberg.ts';
import { CELLS } from '../../../domain/patterns/local-hours.ts';
import { PEAK_WEEKS_MIN, peakHours } from '../../../domain/patterns/peak-hours.ts';
import { randomOf } from '../random.ts';
import { falseFindingsMax, someHours, spanOf } from './company.ts';

const COMPANIES = 200;

const isPeak = ({ weekday, hour }: { weekday: number; hour: number }) =>
  [1, 4].includes(weekday) && hour === 14;

describe('peakHours', () => {
  it.each([4, 12])('finds a busy hour planted on Mondays and Thursdays of %i weeks', (weeks) => {
    const random = randomOf(weeks);
    const hours = someHours(weeks, (hour) =>
      random.poisson(random.gamma(0.1) * (isPeak(hour) ? 60 : 10)),
    );

    const found = peakHours(hours, spanOf(weeks));
    expect(found?.peaks.map(({ weekday, hour }) => [weekday, hour]).toSorted()).toEqual([
      [1, 14],
      [4, 14],
    ]);
    expect(found?.peaks[0]?.ratio).toBeGreaterThan(4);
    expect(found?.observations).toBe(hours.reduce((sum, { user }) => sum + user, 0));
    expect(found?.hours).toHaveLength(CELLS);
  });

  it('tells it by the clock of the Company', () => {
    const random = randomOf(1);
    const hours = someHours(6, ({ weekday, hour }) =>
      random.poisson(weekday === 1 && hour === 1 ? 80 : 10),
    );
    const found = peakHours(hours, spanOf(6, 'America/Sao_Paulo'));
    expect(found?.peaks).toEqual([expect.objectContaining({ weekday: 7, hour: 22 })]);
  });

  it('finds the same where a Company grows from week to week', () => {
    const random = randomOf(2);
    const hours = someHours(8, ({ at, weekday, hour }) =>
      random.poisson(2 ** (at / CELLS) * (weekday === 3 && hour === 9 ? 6 : 1)),
    );
    const found = peakHours(hours, spanOf(8));
    expect(found?.peaks.map(({ weekday, hour }) => [weekday, hour])).toEqual([[3, 9]]);
  });

  it('is not taken in by one busy Monday', () => {
    const random = randomOf(3);
    const hours = someHours(8, ({ at }) => random.poisson(at === CELLS * 2 + 14 ? 200 : 10));
    expect(peakHours(hours, spanOf(8))?.peaks).toEqual([]);
  });

  it.each([
    ['that are alike', 0, 1],
    ['that come in bursts', 2, 1],
    ['of days that are busy as a whole', 0.3, 24],
  ])('finds peaks in no more Companies with hours %s than it promises', (_what, spread, every) => {
    let wrong = 0;
    for (let seed = 1; seed <= COMPANIES; seed += 1) {
      const random = randomOf(seed);
      let busy = 1;
      const hours = someHours(PEAK_WEEKS_MIN, ({ at }) => {
        if (spread > 0 && at % every === 0) busy = random.gamma(spread);
        return random.poisson(4 * busy);
      });
      if (peakHours(hours, spanOf(PEAK_WEEKS_MIN))?.peaks.length) wrong += 1;
    }
    expect(wrong).toBeLessThanOrEqual(falseFindingsMax(COMPANIES, FALSE_DISCOVERY_RATE));
  });

  it.each([
    ['three weeks', 3, 100],
    ['five Messages for each hour of the week', 4, 1],
  ])('is nothing of less than %s', (_what, weeks, messages) => {
    expect(
      peakHours(
        someHours(weeks, () => messages),
        spanOf(weeks),
      ),
    ).toBeNull();
  });
});
