import { wordsOf } from '../summaries/built-in/words.ts';

/** F1 of what a text and a reference have in common, each in [0, 1]. */
export interface Rouge {
  readonly rouge1: number;
  readonly rouge2: number;
  readonly rougeL: number;
}

/**
 * ROUGE-1, -2 and -L as F1 over words in lower case, without stemming or stop words. Lin, "ROUGE: A
 * Package for Automatic Evaluation of Summaries", 2004.
 */
export function rouge(text: string, reference: string): Rouge {
  const [found, wanted] = [wordsOf(text), wordsOf(reference)];
  const common = (n: number) => overlap(grams(found, n), grams(wanted, n));
  const f1 = (hits: number, n: number) => f1Of(hits, found.length - n + 1, wanted.length - n + 1);
  return {
    rouge1: f1(common(1), 1),
    rouge2: f1(common(2), 2),
    rougeL: f1(longestCommon(found, wanted), 1),
  };
}

/** The mean over texts, each with that of its references that it is nearest to. */
export function meanRouge(
  texts: readonly { readonly text: string; readonly references: readonly string[] }[],
): Rouge {
  const best = texts.map(({ text, references }) =>
    references
      .map((reference) => rouge(text, reference))
      .reduce((a, b) => (a.rouge1 >= b.rouge1 ? a : b)),
  );
  const mean = (name: keyof Rouge) => best.reduce((sum, one) => sum + one[name], 0) / best.length;
  return { rouge1: mean('rouge1'), rouge2: mean('rouge2'), rougeL: mean('rougeL') };
}

function f1Of(hits: number, found: number, wanted: number): number {
  return hits === 0 ? 0 : (2 * hits) / (found + wanted);
}

function grams(words: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0; at + n <= words.length; at += 1) {
    const gram = words.slice(at, at + n).join(' ');
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

function overlap(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  return [...a].reduce((sum, [gram, count]) => sum + Math.min(count, b.get(gram) ?? 0), 0);
}

/** Words of the longest common subsequence. */
function longestCommon(a: readonly string[], b: readonly string[]): number {
  let row = new Uint16Array(b.length + 1);
  for (const word of a) {
    const next = new Uint16Array(b.length + 1);
    for (let at = 1; at <= b.length; at += 1) {
      next[at] =
        word === b[at - 1] ? (row[at - 1] ?? 0) + 1 : Math.max(row[at] ?? 0, next[at - 1] ?? 0);
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
