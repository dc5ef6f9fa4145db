import { describe, expect, it } from 'vitest';
import { FALSE_DISCOVERY_RATE } from '../../../domain/patterns/benjamini-hochberg.ts';
import type { HourOfAnswers } from '../../../domain/patterns/observations.ts';
import { slowAnswers } from '../../../domain/patterns/slow-answers.ts';
import { type Random, randomOf } from '../random.ts';
import { falseFindingsMax, hourOfAnswers, spanOf } from './company.ts';

const COMPANIES = 200;
const QUICK_MS = 2_000;
const SLOW_MS = 120_000;
const LIMIT_MS = 60_000;

interface Hour {
  readonly at: number;
  readonly weekday: number;
  readonly hour: number;
}

/** Answers from 8 to 20, each slow with the chance that `slowIn` gives its hour. */
function someAnswers(weeks: number, random: Random, slowIn: (hour: Hour) => number) {
  const hours: HourOfAnswers[] = [];
  for (let at = 0; at < weeks * 168; at += 1) {
    const hour = { at, weekday: (Math.floor(at / 24) % 7) + 1, hour: at % 24 };
    if (hour.hour < 8 || hour.hour >= 20) continue;
    const chance = slowIn(hour);
    const waits = Array.from({ length: random.poisson(6) }, () =>
      random.chance(chance) ? SLOW_MS : QUICK_MS,
    );
    hours.push(hourOfAnswers(at, waits));
  }
  return hours;
}

const isLunch = ({ weekday, hour }: Hour) => hour === 15 && weekday <= 5;
const isSecondMonday = ({ at }: Hour) => at >= 168 && at < 168 + 24;

describe('slowAnswers', () => {
  it('finds the lunch hour in which answers take long, by the clock of the Company', () => {
    const random = randomOf(1);
    const answers = someAnswers(10, random, (hour) => (isLunch(hour) ? 0.6 : 0.05));

    const found = slowAnswers(answers, spanOf(10, 'America/Sao_Paulo'), LIMIT_MS);
    const lunch = [1, 2, 3, 4, 5].map((weekday) => [weekday, 12]);
    expect(found?.hours.map(({ weekday, hour }) => [weekday, hour]).toSorted()).toEqual(lunch);
    expect(found?.hours[0]?.slow.share).toBeGreaterThan(0.5);
  });

  it('tells how long answers take, within 1 %', () => {
    const waits = Array.from({ length: 1_000 }, (_, at) => (at + 1) * 100);
    const found = slowAnswers([hourOfAnswers(12, waits)], spanOf(4), null);
    expect(found?.observations).toBe(1_000);
    expect((found?.p50Ms ?? 0) / 50_000).toBeCloseTo(1, 1);
    expect((found?.p99Ms ?? 0) / 99_000).toBeCloseTo(1, 1);
  });

  it('calls slow what is slower than nine in ten, unless it is told', () => {
    const waits = Array.from({ length: 1_000 }, (_, at) => (at + 1) * 100);
    const of = (slowMs: number | null) =>
      slowAnswers([hourOfAnswers(12, waits)], spanOf(4), slowMs);
    expect(of(null)?.slowMs).toBe(of(null)?.p90Ms);
    expect(of(null)?.slow.share).toBeCloseTo(0.1, 1);
    expect(of(50_000)?.slow.share).toBeCloseTo(0.5, 1);
  });

  it('is not taken in by one bad Monday', () => {
    const answers = someAnswers(8, randomOf(2), (hour) => (isSecondMonday(hour) ? 1 : 0.05));
    expect(slowAnswers(answers, spanOf(8), LIMIT_MS)?.hours).toEqual([]);
  });

  it('is not taken in by one hour with a long backlog', () => {
    const backlog = hourOfAnswers(168 + 10, Array<number>(100).fill(SLOW_MS));
    const answers = someAnswers(8, randomOf(3), () => 0.05).map((hour) =>
      hour.hour === backlog.hour ? backlog : hour,
    );
    expect(slowAnswers(answers, spanOf(8), LIMIT_MS)?.hours).toEqual([]);
  });

  it.each([
    ['each for itself', 0, 1],
    ['by the hour', 1, 1],
    ['by the day', 1, 24],
  ])(
    'finds hours in no more Companies whose answers are slow %s than it promises',
    (_what, clumped, every) => {
      let wrong = 0;
      for (let seed = 1; seed <= COMPANIES; seed += 1) {
        const random = randomOf(seed);
        let isBad = false;
        const answers = someAnswers(4, random, ({ at }) => {
          if (at % 24 === 8 || every === 1) isBad = random.chance(0.1);
          return clumped ? Number(isBad) : 0.1;
        });
        if (slowAnswers(answers, spanOf(4), LIMIT_MS)?.hours.length) wrong += 1;
      }
      expect(wrong).toBeLessThanOrEqual(falseFindingsMax(COMPANIES, FALSE_DISCOVERY_RATE));
    },
  );

  it('is nothing of fewer than 200 answers', () => {
    const waits = Array<number>(199).fill(QUICK_MS);
    expect(slowAnswers([hourOfAnswers(12, waits)], spanOf(4), null)).toBeNull();
    expect(slowAnswers([], spanOf(4), null)).toBeNull();
  });
});
