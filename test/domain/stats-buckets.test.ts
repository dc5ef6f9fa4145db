import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketAt, edgesOf } from '../../domain/stats-buckets.ts';
import { HOUR_MS } from '../../domain/instant.ts';

const at = (moment: string) => Date.parse(moment);
const instants = (hourNos: readonly number[]) =>
  hourNos.map((hourNo) => new Date(hourNo * HOUR_MS).toISOString().slice(0, 16));

describe('the days of statistics', () => {
  it('begin at midnight of the time zone, and end with the current hour', () => {
    const wanted = { days: 2, timeZone: 'America/Sao_Paulo', by: 'day' } as const;
    expect(instants(edgesOf(wanted, at('2026-03-05T14:20:00Z')))).toEqual([
      '2026-03-04T03:00',
      '2026-03-05T03:00',
      '2026-03-05T15:00',
    ]);
  });

  it('have 23 and 25 hours when the clocks are changed', () => {
    const wanted = { days: 3, timeZone: 'Europe/Berlin', by: 'day' } as const;
    expect(instants(edgesOf(wanted, at('2026-03-30T09:00:00Z'))).slice(0, 3)).toEqual([
      '2026-03-27T23:00',
      '2026-03-28T23:00',
      '2026-03-29T22:00',
    ]);
    expect(instants(edgesOf(wanted, at('2026-10-26T09:00:00Z'))).slice(0, 3)).toEqual([
      '2026-10-23T22:00',
      '2026-10-24T22:00',
      '2026-10-25T23:00',
    ]);
  });

  it('take an hour as it begins, where a zone is half an hour off', () => {
    const wanted = { days: 1, timeZone: 'Asia/Kolkata', by: 'day' } as const;
    // Midnight there is 18:30.
    expect(instants(edgesOf(wanted, at('2026-03-05T01:00:00Z')))[0]).toBe('2026-03-04T19:00');
  });

  it('are as many as were asked for, side by side, in every zone at every moment', () => {
    const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));
    const moment = fc.integer({ min: at('2000-01-01'), max: at('2035-01-01') });
    fc.assert(
      fc.property(zones, moment, fc.integer({ min: 1, max: 40 }), (timeZone, nowMs, days) => {
        const edges = edgesOf({ days, timeZone, by: 'day' }, nowMs);
        const lengths = edges.slice(1).map((edge, nth) => edge - (edges[nth] ?? 0));
        expect(edges).toHaveLength(days + 1);
        // Samoa left out a whole day when it moved over the date line.
        expect(lengths.slice(0, -1).every((length) => length >= 22 && length <= 49)).toBe(true);
        expect(bucketAt(edges, Math.floor(nowMs / HOUR_MS))).toBe(days - 1);
      }),
      { numRuns: 300 },
    );
  });

  it('can be had hour by hour', () => {
    const wanted = { days: 1, timeZone: 'UTC', by: 'hour' } as const;
    expect(instants(edgesOf(wanted, at('2026-03-05T02:20:00Z')))).toEqual([
      '2026-03-05T00:00',
      '2026-03-05T01:00',
      '2026-03-05T02:00',
      '2026-03-05T03:00',
    ]);
  });
});
