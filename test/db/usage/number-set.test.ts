import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { eachNumber, openDistinct, sizeOf, toNumberSet } from '../../../db/usage/number-set.ts';

it('a set of numbers comes back as it was, each number once', () => {
  const numbers = fc.array(fc.nat({ max: 4_294_967_295 }), { maxLength: 50 });
  fc.assert(
    fc.property(numbers, (given) => {
      const found: number[] = [];
      eachNumber(toNumberSet(given), (number) => found.push(number));
      expect(found).toEqual([...new Set(given)].sort((a, b) => a - b));
      expect(sizeOf(toNumberSet(given))).toBe(found.length);
    }),
  );
});

it('neighbours take one byte each', () => {
  expect(toNumberSet(Array.from({ length: 100 }, (_, nth) => 1_000_000 + nth)).length).toBe(102);
});

it('different numbers are counted once in each bucket, and once in all', () => {
  const distinct = openDistinct(2);
  distinct.add(toNumberSet([1, 2, 3]), 0);
  distinct.add(toNumberSet([2, 3, 4]), 0);
  distinct.add(toNumberSet([4, 5]), 1);
  expect([distinct.perBucket, distinct.all()]).toEqual([[4, 2], 5]);
});
