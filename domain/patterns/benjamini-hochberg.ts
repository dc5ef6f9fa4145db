/** Of what is shown as found, this share may be chance. */
export const FALSE_DISCOVERY_RATE = 0.05;

/**
 * Makes p-values of many tests comparable with `FALSE_DISCOVERY_RATE`: who tests 168 hours of a week at
 * 5 % each finds eight in noise.
 *
 * Benjamini and Hochberg, *Controlling the False Discovery Rate*, J. R. Stat. Soc. B 57, 1995; as
 * adjusted values, each the least rate at which its test would be found. Holds for independent
 * tests and for those that rise together (Benjamini and Yekutieli, Ann. Statist. 29, 2001). Cohorts and
 * break-offs are neither, as each is held against the others: for these, the tests count how often
 * noise is found.
 *
 * @returns q-values, in the order of the p-values.
 */
export function qValues(pValues: readonly number[]): number[] {
  const worstFirst = pValues.map((p, at) => ({ p, at })).toSorted((a, b) => b.p - a.p);
  const qs = Array<number>(pValues.length).fill(1);
  let least = 1;
  for (const [passed, { p, at }] of worstFirst.entries()) {
    least = Math.min(least, (p * pValues.length) / (pValues.length - passed));
    qs[at] = least;
  }
  return qs;
}

/** Those whose test stands out among all of them, each with its q-value. */
export function discoveries<T extends { readonly pValue: number }>(
  tested: readonly T[],
): { readonly finding: T; readonly qValue: number }[] {
  const qs = qValues(tested.map(({ pValue }) => pValue));
  return tested
    .map((finding, at) => ({ finding, qValue: qs[at] ?? 1 }))
    .filter(({ qValue }) => qValue <= FALSE_DISCOVERY_RATE);
}
