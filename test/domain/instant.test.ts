import { describe, expect, it } from 'vitest';
import { dayOf, instantOf, toInstant } from '../../domain/instant.ts';

describe('toInstant', () => {
  it.each([
    ['2026-01-31T12:00:00.000Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00:00.1Z', '2026-01-31T12:00:00.100Z'],
    ['2026-01-31T09:00:00.000-03:00', '2026-01-31T12:00:00.000Z'],
    ['2026-02-01T01:30:00+13:30', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T24:00:00Z', '2026-02-01T00:00:00.000Z'],
    ['2026-01-31T24:00:00.000Z', '2026-02-01T00:00:00.000Z'],
    ['2026-01-31T23:30:00-01:00', '2026-02-01T00:30:00.000Z'],
  ])('reads %s as %s', (text, instant) => {
    expect(toInstant(text)).toBe(instant);
  });

  it.each([
    ['2026-01-31T12:00:00.1234Z', '2026-01-31T12:00:00.123Z'],
    ['2026-01-31T12:00:00.123999999Z', '2026-01-31T12:00:00.123Z'],
    ['2026-01-31T23:59:59.9999Z', '2026-01-31T23:59:59.999Z'],
  ])('cuts %s to milliseconds and never rounds up', (text, instant) => {
    expect(toInstant(text)).toBe(instant);
  });

  it.each(['2024-02-29', '2000-02-29', '2026-02-28', '2026-04-30', '2026-12-31'])(
    'knows the day %s',
    (day) => expect(toInstant(`${day}T00:00:00.000Z`)).toBe(`${day}T00:00:00.000Z`),
  );

  it.each([
    '2026-02-29',
    '2026-02-30',
    '2025-02-29',
    '1900-02-29',
    '2100-02-29',
    '2026-04-31',
    '2026-01-32',
    '2026-01-00',
    '2026-00-10',
    '2026-13-01',
  ])('knows no day %s, in whichever form', (day) => {
    expect(toInstant(`${day}T00:00:00.000Z`)).toBeNull();
    expect(toInstant(`${day}T00:00:00Z`)).toBeNull();
    expect(toInstant(`${day}T00:00:00+02:00`)).toBeNull();
  });

  it.each([
    ['no offset', '2026-01-31T12:00:00.000'],
    ['no time', '2026-01-31'],
    ['an hour too many', '2026-01-31T25:00:00.000Z'],
    ['a minute too many', '2026-01-31T12:60:00.000Z'],
    ['a leap second', '2026-12-31T23:59:60.000Z'],
    ['an offset of a whole day', '2026-01-31T12:00:00+24:00'],
    ['an offset without minutes', '2026-01-31T12:00:00+02'],
    ['a blank for the T', '2026-01-31 12:00:00Z'],
    ['lower case', '2026-01-31t12:00:00.000z'],
    ['a blank before', ' 2026-01-31T12:00:00.000Z'],
    ['a line break after', '2026-01-31T12:00:00.000Z\n'],
    ['a year of six digits', '+002026-01-31T12:00:00.000Z'],
    ['a date of e-mail', 'Sat, 31 Jan 2026 12:00:00 GMT'],
    ['milliseconds since 1970', '1769860800000'],
    ['other digits', '２０２６-01-31T12:00:00.000Z'],
    ['an offset that leads out of the years of four digits', '9999-12-31T23:59:59-01:00'],
    ['nothing', ''],
  ])('refuses a text with %s', (_what, text) => {
    expect(toInstant(text)).toBeNull();
  });
});

describe('an Instant', () => {
  it('sorts as a text just as the moments do', () => {
    const times = [0, 1, 999, 1_000, 951_782_400_000, 951_782_400_001, 1_772_366_400_000];
    const instants = times.map(instantOf);
    expect(instants.toReversed().sort()).toEqual(instants);
  });

  it('belongs to its UTC day, wherever it was written', () => {
    expect(dayOf(toInstant('2026-03-01T00:30:00+01:00') ?? '')).toBe('2026-02-28');
  });
});
