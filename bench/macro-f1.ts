import { SENTIMENTS, type Sentiment } from '../domain/summary.ts';

type Label = Sentiment['label'];

/** The mean over the labels of F1 = 2·hits ÷ (found + wanted), in [0, 1]. */
export async function macroF1(
  texts: readonly { readonly text: string; readonly label?: Label }[],
  judge: (text: string) => Label | Promise<Label>,
): Promise<number> {
  const counts = new Map(SENTIMENTS.map((label) => [label, { hits: 0, found: 0, wanted: 0 }]));
  for (const { text, label } of texts) {
    const wanted = label && counts.get(label);
    const verdict = await judge(text);
    const found = counts.get(verdict);
    if (!wanted || !found) throw new RangeError(`${label} and ${verdict} are no labels`);
    wanted.wanted += 1;
    found.found += 1;
    if (label === verdict) found.hits += 1;
  }
  const scores = [...counts.values()].map(
    ({ hits, found, wanted }) => (2 * hits) / (found + wanted),
  );
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}
