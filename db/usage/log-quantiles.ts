import type { Quantiles } from '../../domain/stats.ts';

/** How often a value was there, which is told by twenty times its natural logarithm, rounded. */
export interface LogCount {
  readonly log: number | string;
  readonly count: number | string;
}

/**
 * Quantiles of what is counted by its logarithm: a twentieth of e is 5 %, so they are off by half of
 * that.
 *
 * @param counts In any order, also several of one value.
 */
export function quantilesOfLogs(
  counts: readonly LogCount[],
  valueOf: (log: number) => number,
): Quantiles {
  const ordered = counts.toSorted((a, b) => Number(a.log) - Number(b.log));
  const count = counts.reduce((sum, one) => sum + Number(one.count), 0);
  const valueAt = (share: number) => {
    const rank = share * (count - 1);
    let seen = 0;
    for (const one of ordered) {
      seen += Number(one.count);
      if (seen > rank) return valueOf(Number(one.log));
    }
    return null;
  };
  return { count, p50: valueAt(0.5), p90: valueAt(0.9), p99: valueAt(0.99) };
}
