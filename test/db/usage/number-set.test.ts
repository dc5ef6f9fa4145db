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

function countDistinct(buckets: readonly (readonly number[])[]) {
  const distinct = openDistinct(buckets.length);
  for (const [bucket, numbers] of buckets.entries()) {
    for (const number of numbers) distinct.add(number, bucket);
  }
  return [distinct.perBucket, distinct.all()];
}

it('different numbers are counted once in each bucket, and once in all', () => {
  expect(
    countDistinct([
      [1, 2, 3, 2, 3, 4],
      [4, 5],
    ]),
  ).toEqual([[4, 2], 5]);
});

it('different numbers are counted right, side by side and far apart', () => {
  const anywhere = fc.array(fc.nat({ max: 4_294_967_295 }));
  const near = fc.array(fc.integer({ min: 65_000, max: 66_000 }), { maxLength: 2_000 });
  fc.assert(
    fc.property(fc.tuple(anywhere, near), near, (first, second) => {
      const buckets = [first.flat(), second];
      expect(countDistinct(buckets)).toEqual([
        buckets.map((numbers) => new Set(numbers).size),
        new Set(buckets.flat()).size,
      ]);
    }),
  );
});

it('P8: numbers take room by how many there are, not by how large they are', () => {
  const before = process.memoryUsage().arrayBuffers;
  const far = Array.from({ length: 1_000 }, (_, nth) => 4_294_967_295 - nth * 4_000_000);
  expect(countDistinct([far])).toEqual([[1_000], 1_000]);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
});
