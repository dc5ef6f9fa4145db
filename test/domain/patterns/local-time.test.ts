import { describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS } from '../../../domain/instant.ts';
import { localClockOf } from '../../../domain/patterns/local-time.ts';

const at = (timeZone: string, instant: string) => localClockOf(timeZone)(Date.parse(instant));

describe('a local clock', () => {
  it.each([
    ['UTC', '2026-03-01T00:00:00.000Z', { day: '2026-03-01', weekday: 7, hour: 0 }],
    ['America/Sao_Paulo', '2026-03-02T02:00:00.000Z', { day: '2026-03-01', weekday: 7, hour: 23 }],
    ['Asia/Tokyo', '2026-02-28T15:00:00.000Z', { day: '2026-03-01', weekday: 7, hour: 0 }],
    ['Europe/Lisbon', '2026-07-01T12:00:00.000Z', { day: '2026-07-01', weekday: 3, hour: 13 }],
  ])('in %s shows %s as %j', (timeZone, instant, local) => {
    expect(at(timeZone, instant)).toEqual(local);
  });

  it('counts an hour where it begins, in zones of half an hour', () => {
    expect(at('Asia/Kolkata', '2026-03-01T12:00:00.000Z').hour).toBe(17);
    expect(at('Asia/Kathmandu', '2026-03-01T12:00:00.000Z').hour).toBe(17);
  });

  it('has a day of 23 hours in spring, and one of 25 in autumn', () => {
    const clock = localClockOf('Europe/Berlin');
    const hoursOf = (day: string) => {
      const noon = Date.parse(`${day}T12:00:00Z`);
      const hours = Array.from({ length: 60 }, (_, step) => clock(noon - DAY_MS + step * HOUR_MS));
      return hours.filter((local) => local.day === day).length;
    };
    expect([hoursOf('2026-03-29'), hoursOf('2026-03-30'), hoursOf('2026-10-25')]).toEqual([
      23, 24, 25,
    ]);
  });

  it('refuses a zone that there is not', () => {
    expect(() => localClockOf('Europe/Atlantis')).toThrow(RangeError);
  });
});
