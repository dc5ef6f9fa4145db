import { describe, expect, it } from 'vitest';
import { instantOf } from '../../domain/instant.ts';
import { dueAfter } from '../../queues/due-moments.ts';

/** The moments that follow one after the other. */
function dues(plan: { pattern: string; timeZone: string }, after: string, count: number): string[] {
  const found: string[] = [];
  for (let at = Date.parse(after); found.length < count;) {
    at = dueAfter(plan, at);
    found.push(instantOf(at));
  }
  return found;
}

describe('dueAfter', () => {
  it('finds two in the night where the installation is', () => {
    const nightly = { pattern: '0 2 * * *', timeZone: 'America/Sao_Paulo' };
    expect(dues(nightly, '2026-06-01T12:00:00Z', 2)).toEqual([
      '2026-06-02T05:00:00.000Z',
      '2026-06-03T05:00:00.000Z',
    ]);
  });

  it('finds one moment an hour later in the night that has no two o’clock', () => {
    const nightly = { pattern: '0 2 * * *', timeZone: 'Europe/Berlin' };
    expect(dues(nightly, '2026-03-27T12:00:00Z', 3)).toEqual([
      '2026-03-28T01:00:00.000Z',
      '2026-03-29T01:00:00.000Z', // Three o'clock.
      '2026-03-30T00:00:00.000Z',
    ]);
  });

  it('finds one moment in the night that has two o’clock twice', () => {
    const nightly = { pattern: '0 2 * * *', timeZone: 'Europe/Berlin' };
    expect(dues(nightly, '2026-10-23T12:00:00Z', 3)).toEqual([
      '2026-10-24T00:00:00.000Z',
      '2026-10-25T00:00:00.000Z',
      '2026-10-26T01:00:00.000Z',
    ]);
  });

  it('never finds the moment it starts from', () => {
    const hourly = { pattern: '0 * * * *', timeZone: 'UTC' };
    expect(dues(hourly, '2026-10-25T01:00:00Z', 1)).toEqual(['2026-10-25T02:00:00.000Z']);
    const everySecond = { pattern: '* * * * * *', timeZone: 'UTC' };
    expect(dues(everySecond, '2026-10-25T01:00:00.001Z', 1)).toEqual(['2026-10-25T01:00:01.000Z']);
  });
});
