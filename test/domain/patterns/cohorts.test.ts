import { describe, expect, it } from 'vitest';
import { FALSE_DISCOVERY_RATE } from '../../../domain/patterns/benjamini-hochberg.ts';
import {
  COHORT_CLIENTS_MIN,
  COHORT_LEAD_WEEKS,
  cohorts,
} from '../../../domain/patterns/cohorts.ts';
import { type Random, randomOf } from '../random.ts';
import { aClientWeek, falseFindingsMax, spanOf } from './company.ts';

const COMPANIES = 200;
const WEEKS = 16;

/** Each week so many Clients come in, and are back in each later week with a chance of their own. */
function someClientWeeks(random: Random, chanceOf: (cohort: number) => number, clients = 40) {
  return Array.from({ length: WEEKS * clients }, (_, id) => {
    const cohort = Math.floor(id / clients);
    const chance = chanceOf(cohort);
    const later = Array.from({ length: WEEKS - cohort - 1 }, (_week, at) => cohort + 1 + at);
    const back = later.filter(() => random.chance(chance));
    return [cohort, ...back].map((week) => aClientWeek(`client-${id}`, week));
  }).flat();
}

describe('cohorts', () => {
  it('finds the cohort of a promotion, which did not come back', () => {
    const random = randomOf(1);
    const weeks = someClientWeeks(random, (cohort) => (cohort === 8 ? 0.02 : 0.3));
    const found = cohorts(weeks, spanOf(WEEKS));

    const standing = found?.cohorts.filter(({ standsOut }) => standsOut !== null);
    expect(standing).toEqual([
      expect.objectContaining({
        week: '2026-03-02',
        clients: 40,
        standsOut: { direction: 'lower', qValue: expect.any(Number) },
      }),
    ]);
  });

  it('says how many weeks it compared: none before two of them are over for long', () => {
    const seen = someClientWeeks(randomOf(4), () => 0.3);
    expect([8, 9, 10, WEEKS].map((weeks) => cohorts(seen, spanOf(weeks))?.tested)).toEqual([
      0, 0, 2, 8,
    ]);
  });

  it('tells week by week how many were back', () => {
    const clients = Array.from({ length: 20 }, (_, id) => {
      const weeks = id < 5 ? [10, 11, 13] : id < 8 ? [10, 13] : [10];
      return weeks.map((week) => aClientWeek(`client-${id}`, week));
    });
    const found = cohorts(clients.flat(), spanOf(14));
    expect(found?.observations).toBe(20);
    expect(found?.cohorts.map(({ week }) => week)).toEqual(['2026-03-16']);
    expect(found?.cohorts[0]?.back.map((week) => week.clients)).toEqual([5, 0, 8]);
    expect(found?.cohorts[0]?.back[0]?.share.share).toBe(0.25);
  });

  it('does not take old Clients for new ones', () => {
    const old = Array.from({ length: 90 }, (_, id) =>
      [0, 3, 6, 9].map((week) => aClientWeek(`old-${id}`, week + (id % 3))),
    );
    expect(cohorts(old.flat(), spanOf(WEEKS))).toBeNull();
  });

  it('leaves out the week that is not over', () => {
    const { from } = spanOf(WEEKS);
    const span = { from, to: '2026-04-22T12:00:00.000Z', timeZone: 'UTC' };
    const found = cohorts(
      someClientWeeks(randomOf(2), () => 0.3),
      span,
    );
    expect(found?.cohorts[0]?.week).toBe('2026-02-02');
    expect(found?.cohorts.at(-1)?.week).toBe('2026-04-13');
    expect(found?.cohorts.at(-1)?.back).toEqual([]);
  });

  it.each([
    ['alike', (_random: Random) => 0.2],
    ['each at a rate of its own', (random: Random) => Math.min(1, 0.2 * random.gamma(0.5))],
  ])(
    'finds cohorts in no more Companies whose Clients return %s than it promises',
    (_what, chanceOf) => {
      let wrong = 0;
      for (let seed = 1; seed <= COMPANIES; seed += 1) {
        const random = randomOf(seed);
        const found = cohorts(
          someClientWeeks(random, () => chanceOf(random)),
          spanOf(WEEKS),
        );
        if (found?.cohorts.some(({ standsOut }) => standsOut)) wrong += 1;
      }
      expect(wrong).toBeLessThanOrEqual(falseFindingsMax(COMPANIES, FALSE_DISCOVERY_RATE));
    },
  );

  it(`is nothing of fewer than ${COHORT_CLIENTS_MIN} Clients that came in one week`, () => {
    const few = someClientWeeks(randomOf(3), () => 0.3, COHORT_CLIENTS_MIN - 1);
    expect(cohorts(few, spanOf(WEEKS))).toBeNull();
    const early = someClientWeeks(randomOf(3), () => 0.3);
    expect(cohorts(early, spanOf(COHORT_LEAD_WEEKS))).toBeNull();
  });
});
