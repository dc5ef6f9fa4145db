import { detect } from 'tinyld/light';
import type { Language } from './words.ts';

/** More text does not make it surer. */
const LETTERS_MAX = 400;
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
 * The language of a Conversation, as ISO 639-1; of one that cannot be told, Portuguese. The library is
 * asked where the marks leave doubt: it takes as long as all the rest of a Summary.
 */
export function detectLanguage(texts: readonly string[]): string {
  const text = texts.join('\n').slice(0, LETTERS_MAX);
  const counts = Object.entries(MARKS)
    .map(([language, marks]) => ({ language, count: text.match(marks)?.length ?? 0 }))
    .toSorted((a, b) => b.count - a.count);
  const [first, second] = counts;
  if (first && second && first.count >= Math.max(MARKS_MIN, MARKS_RATIO * second.count)) {
    return first.language;
  }
  return detect(text, { only: EXPECTED }) || OTHERWISE;
}

/** By which words to go: Spanish is nearer to Portuguese. */
export function wordsFor(language: string): Language {
  return language === 'en' ? 'en' : 'pt';
}
