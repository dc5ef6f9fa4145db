import { describe, expect, it } from 'vitest';
import { discoveries, qValues } from '../../../domain/patterns/benjamini-hochberg.ts';
import { pValueOfFall, SERIES_MAX, theilSenSlope } from '../../../domain/patterns/mann-kendall.ts';
import { median, medianDeviation } from '../../../domain/patterns/median.ts';
import { pValueOfDifference, pValueOfExcess } from '../../../domain/patterns/two-proportions.ts';
import { wilsonInterval } from '../../../domain/patterns/wilson-interval.ts';
import { randomOf } from '../random.ts';

const rounded = (values: readonly number[]) => values.map((value) => Number(value.toFixed(6)));

describe('qValues', () => {
  it('are those that SciPy computes, in the order of their tests', () => {
    expect(rounded(qValues([0.5, 0.04, 0.01, 0.05, 0.02, 0.03]))).toEqual([
      0.5, 0.06, 0.06, 0.06, 0.06, 0.06,
    ]);
    const published = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205];
    expect(rounded(qValues(published))).toEqual([
      0.008, 0.032, 0.0672, 0.0672, 0.0672, 0.08, 0.084571, 0.205,
    ]);
  });

  it('are nothing of nothing', () => expect(qValues([])).toEqual([]));
});

describe('discoveries', () => {
  it('are those within the rate, with what they are about', () => {
    const tests = [
      { name: 'noise', pValue: 0.4 },
      { name: 'found', pValue: 0.001 },
      { name: 'nearly', pValue: 0.04 },
    ];
    expect(discoveries(tests).map(({ finding }) => finding.name)).toEqual(['found']);
  });
});

describe('wilsonInterval', () => {
  it.each([
    [0, 10, 0, 0.277533],
    [10, 10, 0.722467, 1],
    [15, 148, 0.062386, 0.160487],
    [81, 263, 0.255289, 0.36621],
    [1, 1, 0.206549, 1],
  ])('of %i of %i goes from %d to %d', (successes, trials, low, high) => {
    const interval = wilsonInterval(successes, trials);
    expect(rounded([interval.low, interval.high])).toEqual([low, high]);
    expect(interval.share).toBe(successes / trials);
  });
});

describe('pValueOfExcess', () => {
  // Fisher's exact test gives 0.0255 and 0.0483.
  it.each([
    [{ successes: 5, trials: 20 }, { successes: 5, trials: 80 }, 0.0255],
    [{ successes: 3, trials: 10 }, { successes: 2, trials: 40 }, 0.0483],
  ])('of %j over %j is near to the exact %d', (a, b, exact) => {
    const pValue = pValueOfExcess(a, b);
    expect(pValue).toBeGreaterThan(exact / 2);
    expect(pValue).toBeLessThan(exact * 2);
  });

  it('is 1 where there is nothing to compare', () => {
    const some = { successes: 3, trials: 10 };
    expect(pValueOfExcess(some, { successes: 0, trials: 0 })).toBe(1);
    expect(pValueOfExcess({ successes: 0, trials: 9 }, { successes: 0, trials: 5 })).toBe(1);
  });

  it('is the same for a difference either way', () => {
    const [a, b] = [
      { successes: 30, trials: 100 },
      { successes: 60, trials: 100 },
    ];
    expect(pValueOfDifference(a, b)).toBe(pValueOfDifference(b, a));
    expect(pValueOfDifference(a, b)).toBeCloseTo(2 * pValueOfExcess(b, a), 12);
  });
});

describe('median', () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[7], 7],
    [[], NaN],
  ])('of %j is %d', (values, expected) => expect(median(values)).toBe(expected));

  it('has a deviation that one outlier does not move', () => {
    expect(medianDeviation([1, 1, 2, 2, 4, 6, 9])).toBe(1);
    expect(medianDeviation([1, 1, 2, 2, 4, 6, 9_000])).toBe(1);
  });
});

describe('pValueOfFall', () => {
  it.each([
    [[5, 4, 3, 2, 1], 1 / 120],
    [[5, 6, 3, 4, 2, 1, 0.5, 0.7], 0.0027529761904761907],
    [[9, 7, 8, 5, 6, 3, 4, 1, 2, 0], 0.00017884700176366844],
    [[1, 2, 3, 4, 5], 1],
  ])('of %j is %d, as SciPy computes', (values, expected) => {
    expect(pValueOfFall(values)).toBeCloseTo(expected, 12);
  });

  it('is never surer of equal values than of those that fall', () => {
    expect(pValueOfFall([1, 1, 1, 1, 1])).toBeGreaterThan(0.5);
    expect(pValueOfFall([5, 4, 4, 2, 1])).toBeGreaterThan(pValueOfFall([5, 4, 3, 2, 1]));
  });

  it('is below 5 % in no more than 5 % of series whose order means nothing', () => {
    const random = randomOf(1);
    const series = Array.from({ length: 4_000 }, () => Array.from({ length: 8 }, random.uniform));
    const found = series.filter((values) => pValueOfFall(values) <= 0.05).length;
    expect(found).toBeGreaterThan(4_000 * 0.02);
    expect(found).toBeLessThan(4_000 * 0.05 + 4 * Math.sqrt(4_000 * 0.05 * 0.95));
  });

  it('refuses more values than its table has room for', () => {
    expect(() => pValueOfFall(Array<number>(SERIES_MAX + 1).fill(0))).toThrow(RangeError);
  });
});

describe('theilSenSlope', () => {
  it('is the slope of most points, whatever one of them does', () => {
    const line = Array.from({ length: 11 }, (_, x) => ({ x, y: 3 - 2 * x }));
    expect(theilSenSlope(line)).toBe(-2);
    expect(theilSenSlope([...line.slice(0, -1), { x: 10, y: 1_000 }])).toBe(-2);
  });
});
