import { describe, expect, it } from 'vitest';
import { backoffMs, retryAfterMs } from '../../domain/backoff.ts';

const RANGE = { base: 250, max: 60_000 };
const NEARLY_ONE = 1 - Number.EPSILON;

describe('backoffMs', () => {
  it.each([
    [1, 249],
    [2, 499],
    [3, 999],
    [8, 31_999],
    [9, 59_999],
    [10_000, 59_999],
  ])('lets attempt %i pause for up to %i ms', (attempt, ms) => {
    expect(backoffMs(attempt, RANGE, NEARLY_ONE)).toBe(ms);
    expect(backoffMs(attempt, RANGE, 0)).toBe(0);
  });

  it('gives whole milliseconds that spread over the range', () => {
    const draws = [0.1, 0.25, 0.333, 0.5, 0.999];
    const pauses = draws.map((random) => backoffMs(3, RANGE, random));
    expect(pauses).toEqual([100, 250, 333, 500, 999]);
  });

  it.each([0, -1, 1.5, NaN, Infinity])('refuses attempt %d, a bug of its caller', (attempt) => {
    expect(() => backoffMs(attempt, RANGE, 0.5)).toThrow(RangeError);
  });
});

describe('retryAfterMs', () => {
  const now = Date.parse('Sun, 01 Mar 2026 12:00:00 GMT');

  it.each([
    [null, null],
    ['soon', null],
    ['0', 0],
    ['120', 120_000],
    ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
    ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
  ])('reads %j as %j', (text, ms) => {
    expect(retryAfterMs(text, now)).toBe(ms);
  });
});
