import type { Sentence } from './sentences.ts';

/** How long a summary may be. */
export const SUMMARY_WORDS_MAX = 90;
const SENTENCES_MAX = 5;
/** A shorter one says nothing by itself. */
const STEMS_MIN = 2;
/** How much of a sentence that was said already counts: 1 all of it, 0 nothing. */
const SAID_SHARE = 0.5;

/**
 * The sentences that say most of what a Conversation is about, in the order in which they were said.
 *
 * A sentence is worth the sum of its words', and a word the more, the more sentences have it. Those
 * that are chosen make their words worth less, so that the next one says something else.
 * SumBasic: Nenkova and Vanderwende, "The impact of frequency on summarization", 2005; here on
 * stems, and divided by the square root of the length, not the length, as long turns of a chat carry
 * what was decided.
 */
export function rankSentences(sentences: readonly Sentence[]): Sentence[] {
  const worth = worthOfStems(sentences);
  let left = sentences.filter(({ stems }) => stems.length >= STEMS_MIN);
  const chosen: Sentence[] = [];
  let words = 0;
  while (chosen.length < SENTENCES_MAX && left.length > 0) {
    const best = bestOf(left, worth, sentences.length);
    chosen.push(best);
    words += best.words;
    const room = SUMMARY_WORDS_MAX - words;
    left = left.filter((sentence) => sentence !== best && sentence.words <= room);
    for (const stem of best.stems) worth.set(stem, (worth.get(stem) ?? 0) * SAID_SHARE);
  }
  // Where nobody says more than a word or two, the first ones have to do.
  if (chosen.length === 0) return sentences.slice(0, 2);
  return chosen.toSorted((a, b) => a.at - b.at);
}

function worthOfStems(sentences: readonly Sentence[]): Map<string, number> {
  const worth = new Map<string, number>();
  for (const { stems } of sentences) {
    for (const stem of stems) worth.set(stem, (worth.get(stem) ?? 0) + 1);
  }
  return worth;
}

function bestOf(
  sentences: readonly Sentence[],
  worth: ReadonlyMap<string, number>,
  count: number,
): Sentence {
  let best: Sentence | undefined;
  let bestScore = -1;
  for (const sentence of sentences) {
    const sum = sentence.stems.reduce((all, stem) => all + (worth.get(stem) ?? 0), 0);
    const score = (sum / Math.sqrt(sentence.words + LENGTH_GIVEN)) * weightOf(sentence, count);
    if (score <= bestScore) continue;
    [best, bestScore] = [sentence, score];
  }
  if (!best) throw new RangeError('no sentence to choose from');
  return best;
}

/** Else the shortest ones win. */
const LENGTH_GIVEN = 10;
const FIRST_REQUEST_WEIGHT = 1.2;
const BEGINNING = 0.15;

/** What the customer comes with is said at the beginning. */
function weightOf({ turn, at }: Sentence, count: number): number {
  return turn.role === 'user' && at < count * BEGINNING ? FIRST_REQUEST_WEIGHT : 1;
}
