import { discoveries } from './benjamini-hochberg.ts';
import { poissonTail } from './tail-probability.ts';

/** Tags that mean one thing, since they come together; the most frequent first. */
export type TagCluster = readonly string[];

/** Average likeness within a cluster: 0 is chance, 1 is always together. */
export const TAG_LIKENESS_MIN = 0.3;
/** Clustering takes the square of it; what is not among the most frequent tags does not recur. */
export const TAGS_CLUSTERED_MAX = 200;

/**
 * Puts tags together that come together in the same Conversations.
 *
 * Likeness is normalised pointwise mutual information (Bouma, GSCL 2009), of pairs that come together
 * more often than chance allows, else 0; clusters grow by average linkage (Sokal and Michener,
 * 1958). The result depends on the sets alone, not on their order.
 *
 * @param tagSets    One set of tags for each Conversation.
 * @param countMin   Rarer tags are left out.
 */
export function tagClusters(
  tagSets: readonly ReadonlySet<string>[],
  countMin: number,
): TagCluster[] {
  const tags = frequentTags(tagSets, countMin);
  const clusters: string[][] = tags.map(({ tag }) => [tag]);
  const likeness = likenessOf(tagSets, tags);
  for (;;) {
    const pair = nearestPair(likeness);
    if (!pair) return clusters.filter((cluster) => cluster.length > 0);
    join(clusters, likeness, pair);
  }
}

interface CountedTag {
  readonly tag: string;
  readonly count: number;
}

interface Pair {
  readonly a: number;
  readonly b: number;
}

type Matrix = Float64Array[];

function frequentTags(tagSets: readonly ReadonlySet<string>[], countMin: number): CountedTag[] {
  const counts = new Map<string, number>();
  for (const tags of tagSets) {
    for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  return [...counts]
    .map(([tag, count]) => ({ tag, count }))
    .filter(({ count }) => count >= countMin)
    .toSorted((x, y) => y.count - x.count || (x.tag < y.tag ? -1 : 1))
    .slice(0, TAGS_CLUSTERED_MAX);
}

function likenessOf(tagSets: readonly ReadonlySet<string>[], tags: readonly CountedTag[]): Matrix {
  const together = togetherOf(tagSets, tags);
  const tested = [...pairsOf(tags.length)].map((pair) => {
    const [a = 0, b = 0] = [tags[pair.a]?.count, tags[pair.b]?.count];
    const count = together[pair.a]?.[pair.b] ?? 0;
    const expected = (a * b) / tagSets.length;
    return { ...pair, count, expected, pValue: poissonTail(count, expected) };
  });
  const likeness = matrixOf(tags.length);
  for (const { finding } of discoveries(tested)) {
    const { count, expected } = finding;
    // Never 0: tags that are together everywhere are so by chance, too, and are not found.
    const information = -Math.log(count / tagSets.length);
    setBoth(likeness, finding, Math.log(count / expected) / information);
  }
  return likeness;
}

function togetherOf(tagSets: readonly ReadonlySet<string>[], tags: readonly CountedTag[]): Matrix {
  const places = new Map(tags.map(({ tag }, at) => [tag, at]));
  const together = matrixOf(tags.length);
  for (const set of tagSets) {
    const found = [...set].flatMap((tag) => places.get(tag) ?? []);
    for (const { a, b } of pairsOf(found.length)) {
      const pair = { a: found[a] ?? 0, b: found[b] ?? 0 };
      setBoth(together, pair, (together[pair.a]?.[pair.b] ?? 0) + 1);
    }
  }
  return together;
}

/** The most alike pair; of equals the first. Null when none is alike enough. */
function nearestPair(likeness: Matrix): Pair | null {
  let nearest: Pair | null = null;
  let best = TAG_LIKENESS_MIN;
  for (const [a, row] of likeness.entries()) {
    for (let b = a + 1; b < row.length; b += 1) {
      const like = row[b] ?? 0;
      if (like > best || (like === best && !nearest)) [nearest, best] = [{ a, b }, like];
    }
  }
  return nearest;
}

/** Moves the tags of `b` to `a`, whose likeness to others becomes the average over all its tags. */
function join(clusters: string[][], likeness: Matrix, { a, b }: Pair): void {
  const [kept = [], moved = []] = [clusters[a], clusters[b]];
  for (const other of clusters.keys()) {
    const [toA = 0, toB = 0] = [likeness[a]?.[other], likeness[b]?.[other]];
    const average = (toA * kept.length + toB * moved.length) / (kept.length + moved.length);
    setBoth(likeness, { a, b: other }, other === a || other === b ? 0 : average);
    setBoth(likeness, { a: b, b: other }, 0);
  }
  clusters[a] = [...kept, ...moved];
  clusters[b] = [];
}

function* pairsOf(length: number): Generator<Pair> {
  for (let a = 0; a < length; a += 1) {
    for (let b = a + 1; b < length; b += 1) yield { a, b };
  }
}

const matrixOf = (length: number): Matrix => Array.from({ length }, () => new Float64Array(length));

function setBoth(matrix: Matrix, { a, b }: Pair, value: number): void {
  const [rowA, rowB] = [matrix[a], matrix[b]];
  if (rowA) rowA[b] = value;
  if (rowB) rowB[a] = value;
}
