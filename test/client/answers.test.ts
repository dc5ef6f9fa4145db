import { describe, expect, it } from 'vitest';
import { retryAfterMs } from '../../client/answers.ts';

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
