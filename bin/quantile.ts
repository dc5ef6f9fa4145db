/**
 * A quantile of measured values, by the nearest-rank method.
 *
 * @param values Any order; not empty.
 * @param share  0.5 for the median, 0.99 for p99.
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  const value = sorted[rank - 1];
  if (value === undefined) throw new RangeError('quantile of nothing');
  return value;
}

/** Two digits behind the point are as much as a clock on a shared machine can tell. */
export function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
