import { detect } from 'tinyld/light';
import type { Turn } from './sentences.ts';
import type { Language } from './words.ts';

/** More text does not make it surer. */
const LETTERS_MAX = 400;
/** With fewer of the customer, what was said to them tells more. */
const LETTERS_MIN = 20;
/** Few words of a chat look like any language there is. */
const EXPECTED = ['pt', 'en', 'es'];
const OTHERWISE = 'pt';

/** Short words that only one of them has. */
const MARKS: Readonly<Record<string, RegExp>> = {
  en: /\b(?:the|is|you|of|and|to|it|my|what|for|with|have|that|this|are)\b/giu,
  pt: /[ãõ]|\b(?:nao|voce|vc|em|uma|com|meu|minha|obrigad[oa]|pra|isso|eu|qual|os)\b/giu,
  es: /[ñ¿¡]|\b(?:el|los|las|pero|muy|gracias|usted|y|mi|una|con|hola|qué|está|por favor)\b/giu,
};
/** So many of one, and hardly any of the others, leave no doubt. */
const MARKS_MIN = 4;
const MARKS_RATIO = 4;

/**
 * The language of a Conversation, as ISO 639-1: that of the customer, as a bot may greet in another one;
 * where it cannot be told, Portuguese. The library is asked where the marks leave doubt: it takes as
 * long as all the rest of a Summary.
 */
export function detectLanguage(turns: readonly Turn[]): string {
  const own = textOf(turns.filter(({ role }) => role === 'user'));
  const text = own.length >= LETTERS_MIN ? own : textOf(turns);
  const counts = Object.entries(MARKS)
    .map(([language, marks]) => ({ language, count: text.match(marks)?.length ?? 0 }))
    .toSorted((a, b) => b.count - a.count);
  const [first, second] = counts;
  if (first && second && first.count >= Math.max(MARKS_MIN, MARKS_RATIO * second.count)) {
    return first.language;
  }
  return detect(text, { only: EXPECTED }) || OTHERWISE;
}

function textOf(turns: readonly Turn[]): string {
  const texts = turns.map(({ content }) => content);
  return texts.join('\n').slice(0, LETTERS_MAX);
}

/** By which words to go: Spanish is nearer to Portuguese. */
export function wordsFor(language: string): Language {
  return language === 'en' ? 'en' : 'pt';
}
