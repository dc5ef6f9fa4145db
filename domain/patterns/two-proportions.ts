import { normalTail } from './tail-probability.ts';

/** So many of so many. */
export interface Proportion {
  readonly successes: number;
  readonly trials: number;
}

/**
 * How probable it is that `a` exceeds `b` by so much when both have the same true share.
 *
 * The score test with pooled variance and Yates's correction, which makes it nearly Fisher's exact
 * test, a little on the careful side (Fleiss, Levin, Paik, *Statistical Methods for Rates and
 * Proportions*, 3rd ed., ch. 3).
 */
export function pValueOfExcess(a: Proportion, b: Proportion): number {
  if (a.trials === 0 || b.trials === 0) return 1;
  const pooled = (a.successes + b.successes) / (a.trials + b.trials);
  const inverse = 1 / a.trials + 1 / b.trials;
  const deviation = Math.sqrt(pooled * (1 - pooled) * inverse);
  if (deviation === 0) return 1;
  const excess = a.successes / a.trials - b.successes / b.trials;
  return normalTail((excess - inverse / 2) / deviation);
}

/** The same for a difference either way. */
export function pValueOfDifference(a: Proportion, b: Proportion): number {
  return Math.min(1, 2 * Math.min(pValueOfExcess(a, b), pValueOfExcess(b, a)));
}
