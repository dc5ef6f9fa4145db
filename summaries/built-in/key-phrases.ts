import { TAG_LENGTH_MAX } from '../../domain/summary.ts';
import { isContent, type Language, stemOf } from './words.ts';

const WORDS_MAX = 3;
const PHRASES_MAX = 4;
/** What is said once may be anything. */
const TIMES_MIN = 2;
/** The longest that people say are shorter; what is longer is a key, a hash, or noise. */
const WORD_LENGTH_MAX = 30;
const WORD_OR_BREAK = /[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*|[.,;:!?()\n]/gu;

/**
 * What is spoken of again and again: runs of content words between stop words and punctuation.
 * Rapid Automatic Keyword Extraction: Rose and others, in "Text Mining: Applications and Theory",
 * 2010; here a phrase has to come twice, and counts as often as it comes, times its length.
 */
export function keyPhrases(texts: readonly string[], language: Language): string[] {
  const found = new Map<string, { phrase: string; times: number; words: number }>();
  for (const text of texts) {
    for (const words of runs(text, language)) {
      const key = words.map((word) => stemOf(word, language)).join(' ');
      const known = found.get(key);
      if (known) known.times += 1;
      else found.set(key, { phrase: words.join(' '), times: 1, words: words.length });
    }
  }
  return [...found.values()]
    .filter(({ times, phrase }) => times >= TIMES_MIN && phrase.length <= TAG_LENGTH_MAX)
    .toSorted((a, b) => b.times * b.words - a.times * a.words)
    .slice(0, PHRASES_MAX)
    .map(({ phrase }) => phrase);
}

function* runs(text: string, language: Language): Generator<string[]> {
  let run: string[] = [];
  for (const word of text.toLowerCase().match(WORD_OR_BREAK) ?? []) {
    if (isContent(word, language) && isTelling(word)) {
      run.push(word);
      if (run.length < WORDS_MAX) continue;
    }
    if (run.length > 0) yield run;
    run = [];
  }
  if (run.length > 0) yield run;
}

/** Digits are somebody's: of a document, a card, an order. Tags are counted, and shown to many. */
function isTelling(word: string): boolean {
  return word.length <= WORD_LENGTH_MAX && !/\p{N}/u.test(word);
}
