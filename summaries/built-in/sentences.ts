import type { Message } from '../../domain/message.ts';
import { isContent, type Language, stemOf, wordsOf } from './words.ts';

export type Turn = Pick<Message, 'messageId' | 'role' | 'content'>;

/** One sentence of somebody, and what it is about. */
export interface Sentence {
  readonly text: string;
  readonly turn: Turn;
  /** Place among all sentences. */
  readonly at: number;
  readonly words: number;
  /** Stems of its content words, each once. */
  readonly stems: readonly string[];
}

/** What is longer is no sentence, but pasted output. */
const SENTENCE_LENGTH_MAX = 400;
const segmenters: Readonly<Record<Language, Intl.Segmenter>> = {
  en: new Intl.Segmenter('en', { granularity: 'sentence' }),
  pt: new Intl.Segmenter('pt', { granularity: 'sentence' }),
};

export function sentencesOf(turns: readonly Turn[], language: Language): Sentence[] {
  const sentences: Sentence[] = [];
  for (const turn of turns) {
    for (const { segment } of segmenters[language].segment(unbroken(turn.content))) {
      const text = segment.trim().replaceAll(/\s+/g, ' ');
      if (text === '' || text.length > SENTENCE_LENGTH_MAX) continue;
      const words = wordsOf(text);
      const content = words.filter((word) => isContent(word, language));
      const stems = [...new Set(content.map((word) => stemOf(word, language)))];
      sentences.push({ text, turn, at: sentences.length, words: words.length, stems });
    }
  }
  return sentences;
}

/** Lines that go on with a small letter were only broken for the eye. */
function unbroken(text: string): string {
  // First, so that the second expression looks at one blank, and not at all of them from each.
  const lines = text.replaceAll(/\s+/g, (blanks) => (blanks.includes('\n') ? '\n' : blanks));
  return lines.replaceAll(/(?<![.!?:;])\n(?=[\p{Ll}(])/gu, ' ');
}
