import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { addNumberSet, toNumberSet } from '../../../db/usage/number-set.ts';

it('a set of numbers comes back as it was, each number once', () => {
  const numbers = fc.array(fc.nat({ max: 4_294_967_295 }), { maxLength: 50 });
  fc.assert(
    fc.property(numbers, (given) => {
      const found = new Set<number>();
      expect(addNumberSet(toNumberSet(given), [found])).toBe(new Set(given).size);
      expect(found).toEqual(new Set(given));
    }),
  );
});

it('neighbours take one byte each', () => {
  expect(toNumberSet(Array.from({ length: 100 }, (_, nth) => 1_000_000 + nth)).length).toBe(102);
});
