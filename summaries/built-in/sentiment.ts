import type { Sentiment } from '../../domain/summary.ts';
import { emojiValence } from './lexicon/emoji.ts';
import { english } from './lexicon/english.ts';
import { type Dictionary, openDictionary } from './lexicon/lexicon.ts';
import { portuguese } from './lexicon/portuguese.ts';
import { type Language, withoutAccents } from './words.ts';

const DICTIONARIES: Readonly<Record<Language, Dictionary>> = {
  en: openDictionary(english),
  pt: openDictionary(portuguese),
};

/** How far before a word a negation still turns it. */
const NEGATION_REACH = 3;
/** "Not good" is not as bad as good is good. */
const NEGATED = -0.7;
const STRONGER = 1.3;
const WEAKER = 0.6;
/** Of two clauses with a "but" between them the second one is what is meant. */
const BEFORE_BUT = 0.6;
const AFTER_BUT = 1.3;
const SHOUTED = 1.15;
/** A question asks for what is good or bad, and does not say that it is. */
const ASKED = 0.6;
/** A sum of this much is half of all there is. */
const HALF = 6;

/**
 * How somebody feels who writes this, in [−1, 1].
 *
 * By a lexicon with the rules of VADER: negation, intensifiers, "but", capitals, exclamation marks,
 * emoji. Hutto and Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social
 * Media Text", 2014.
 */
export function scoreOf(text: string, language: Language): number {
  let sum = emojiValence(text);
  for (const sentence of text.split(/(?<=[.!?\n])\s+/)) sum += valenceOf(sentence, language);
  return sum / Math.sqrt(sum * sum + HALF);
}

/** Between these it is neither. */
const NEUTRAL_MAX = 0.15;

export function labelOf(score: number): Sentiment['label'] {
  if (score >= NEUTRAL_MAX) return 'positive';
  return score <= -NEUTRAL_MAX ? 'negative' : 'neutral';
}

/** Commas as well: nothing reaches over them. */
const WORD = /[\p{L}\p{N}/]+(?:['’-][\p{L}]+)*|[,;:]/gu;
const PAUSE = /[,;:]/;

function valenceOf(sentence: string, language: Language): number {
  const dictionary = DICTIONARIES[language];
  const plain = language === 'pt' ? withoutAccents(sentence) : sentence;
  const words = plain.toLowerCase().replaceAll('’', "'").match(WORD) ?? [];
  const isShouted = /!|\b[\p{Lu}]{4,}\b/u.test(sentence);
  let sum = 0;
  let share = 1;
  let free = 0; // From where on no other entry and no comma stands between.
  for (let at = 0; at < words.length;) {
    const word = words[at] ?? '';
    if (dictionary.turns.has(word) && sum !== 0) {
      sum *= BEFORE_BUT;
      share = AFTER_BUT;
    }
    const found = dictionary.find(words, at);
    if (found) sum += found.valence * share * modifierOf(dictionary, { words, free, at, ...found });
    at += found?.length ?? 1;
    if (found || PAUSE.test(word)) free = at;
  }
  return sum * (isShouted ? SHOUTED : 1) * (sentence.trimEnd().endsWith('?') ? ASKED : 1);
}

/** What the words around an entry make of it. */
function modifierOf(
  { negations, stronger, weaker }: Dictionary,
  {
    words,
    free,
    at,
    length,
  }: { words: readonly string[]; free: number; at: number; length: number },
): number {
  const before = words.slice(Math.max(free, at - NEGATION_REACH), at);
  const near = [...before.slice(-1), words[at + length] ?? ''];
  let modifier = before.some((word) => negations.has(word)) ? NEGATED : 1;
  if (near.some((word) => stronger.has(word))) modifier *= STRONGER;
  if (weaker.has(before.at(-1) ?? '') || weaker.has(before.slice(-2).join(' '))) modifier *= WEAKER;
  return modifier;
}
