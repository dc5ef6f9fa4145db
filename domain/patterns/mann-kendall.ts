import { median } from './median.ts';

/** Longer series are cut to their end: the table below grows with the square of it. */
export const SERIES_MAX = 60;

/**
 * How probable a series falls so steadily when its order means nothing.
 *
 * Mann, *Nonparametric Tests Against Trend*, Econometrica 13, 1945; Kendall's exact distribution
 * for the number of pairs that rise. Equal values count half, and make the test careful.
 *
 * @param values The oldest first, at most `SERIES_MAX`.
 */
export function pValueOfFall(values: readonly number[]): number {
  let rises = 0;
  for (const [at, value] of values.entries()) {
    for (const later of values.slice(at + 1)) {
      rises += later > value ? 1 : later === value ? 0.5 : 0;
    }
  }
  const shares = sharesOfRises(values.length).slice(0, Math.ceil(rises) + 1);
  return shares.reduce((sum, share) => sum + share, 0);
}

/** The median of the slopes of all pairs: Sen, J. Am. Stat. Assoc. 63, 1968. NaN of fewer than two. */
export function theilSenSlope(points: readonly { x: number; y: number }[]): number {
  const slopes = points.flatMap((a, at) =>
    points
      .slice(at + 1)
      .filter((b) => b.x !== a.x)
      .map((b) => (b.y - a.y) / (b.x - a.x)),
  );
  return median(slopes);
}

const known = new Map<number, readonly number[]>();

/** Which share of all orders of `length` values has 0, 1, 2, … pairs that rise. */
function sharesOfRises(length: number): readonly number[] {
  if (length > SERIES_MAX) throw new RangeError(`length: ${length}`);
  const found = known.get(length);
  if (found) return found;
  const shares = length < 2 ? [1] : withOneMore(sharesOfRises(length - 1), length);
  known.set(length, shares);
  return shares;
}

/** The last of `length` values rises over 0 to `length − 1` of the others, each as probable. */
function withOneMore(shares: readonly number[], length: number): number[] {
  const longer = Array<number>(shares.length + length - 1).fill(0);
  for (const [rises, share] of shares.entries()) {
    for (let more = 0; more < length; more += 1) {
      longer[rises + more] = (longer[rises + more] ?? 0) + share / length;
    }
  }
  return longer;
}
