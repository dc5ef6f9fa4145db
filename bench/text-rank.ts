import type { Sentence } from '../summaries/built-in/sentences.ts';

const DAMPING = 0.85;
const ITERATIONS = 30;

/**
 * The sentences that are most like all others, best first. Mihalcea and Tarau, "TextRank: Bringing
 * Order into Texts", 2004: edges weigh the words two sentences share by the logarithms of their lengths.
 */
export function textRank(sentences: readonly Sentence[]): Sentence[] {
  const weights = sentences.map((a) => sentences.map((b) => (a === b ? 0 : similarity(a, b))));
  const sums = weights.map((row) => row.reduce((all, weight) => all + weight, 0));
  let ranks: number[] = sentences.map(() => 1);
  for (let nth = 0; nth < ITERATIONS; nth += 1) {
    const before = ranks;
    ranks = sentences.map((_, at) => {
      const votes = sentences.reduce((all, __, from) => {
        const sum = sums[from] ?? 0;
        return sum === 0 ? all : all + ((weights[from]?.[at] ?? 0) / sum) * (before[from] ?? 0);
      }, 0);
      return 1 - DAMPING + DAMPING * votes;
    });
  }
  return sentences.toSorted((a, b) => (ranks[b.at] ?? 0) - (ranks[a.at] ?? 0));
}

function similarity(a: Sentence, b: Sentence): number {
  const shared = a.stems.filter((stem) => b.stems.includes(stem)).length;
  const lengths = Math.log(a.stems.length) + Math.log(b.stems.length);
  return shared === 0 || lengths <= 0 ? 0 : shared / lengths;
}
