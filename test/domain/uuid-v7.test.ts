import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { uuidV7 } from '../../domain/uuid-v7.ts';

const TIME_MS_MAX = 2 ** 48 - 1;

describe('uuidV7', () => {
  it('is the example of RFC 9562, appendix A.6', () => {
    const uuid = uuidV7(0x017f22e279b0, 'ffffffff-ffff-4cc3-98c4-dc0c0c07398f');
    expect(uuid).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  it.each([0, 1, Date.parse('2026-03-01T12:00:00Z'), TIME_MS_MAX])(
    'holds time, version, variant and 74 random bits at %i ms',
    (timeMs) => {
      const random = randomUUID();
      const bits = BigInt(`0x${uuidV7(timeMs, random).replaceAll('-', '')}`);
      const given = BigInt(`0x${random.replaceAll('-', '')}`);

      expect(Number(bits >> 80n)).toBe(timeMs);
      expect((bits >> 76n) & 0xfn).toBe(7n);
      expect((bits >> 62n) & 0b11n).toBe(0b10n);
      expect((bits >> 64n) & 0xfffn).toBe((given >> 64n) & 0xfffn);
      expect(BigInt.asUintN(62, bits)).toBe(BigInt.asUintN(62, given));
    },
  );

  it('sorts by time, as text too', () => {
    const times = [0, 15, 16, 255, 256, 2 ** 32 - 1, 2 ** 32, 2 ** 47, TIME_MS_MAX];
    const uuids = times.map((timeMs) => uuidV7(timeMs, randomUUID()));
    expect(uuids.toSorted()).toEqual(uuids);
  });

  it('is another one each time within a millisecond', () => {
    const uuids = Array.from({ length: 10_000 }, () => uuidV7(1, randomUUID()));
    expect(new Set(uuids).size).toBe(10_000);
  });
});
