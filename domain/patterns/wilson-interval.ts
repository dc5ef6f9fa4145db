/** A share of a count, and where the true one lies with 95 % confidence. */
export interface Share {
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/** The 97.5th percentile of the standard normal distribution. */
const Z = 1.959963984540054;

/**
 * Wilson's score interval, which stays within 0 and 1 and holds for small counts as well.
 *
 * Wilson, *Probable Inference*, J. Am. Stat. Assoc. 22, 1927; recommended by Brown, Cai and DasGupta,
 * *Interval Estimation for a Binomial Proportion*, Statist. Sci. 16, 2001.
 *
 * @param trials At least 1.
 */
export function wilsonInterval(successes: number, trials: number): Share {
  const share = successes / trials;
  const shrink = 1 + Z ** 2 / trials;
  const middle = (share + Z ** 2 / (2 * trials)) / shrink;
  const spread = (share * (1 - share)) / trials + Z ** 2 / (4 * trials ** 2);
  const half = (Z * Math.sqrt(spread)) / shrink;
  return { share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}
