import type { Message } from '../../domain/message.ts';
import {
  COURSE_PARTS_MAX,
  type Gist,
  KEY_POINTS_MAX,
  type Sentiment,
  SUMMARY_LENGTH_MAX,
  TAGS_MAX,
} from '../../domain/summary.ts';
import { shorten } from '../../domain/text.ts';
import { CONTENT_LENGTH_MAX, NO_COST, type Summarizer } from '../summarizer.ts';
import { detectLanguage, wordsFor } from './detect-language.ts';
import { keyPhrases } from './key-phrases.ts';
import { rankSentences } from './rank-sentences.ts';
import { labelOf, scoreOf } from './sentiment.ts';
import { type Sentence, sentencesOf } from './sentences.ts';
import { topicsOf } from './topics.ts';
import type { Language } from './words.ts';

/**
 * Summarizes with what is here: no network, no key, the same words for the same Conversation. It
 * chooses sentences, and writes none.
 */
export const builtInSummarizer: Summarizer = {
  model: 'built-in',
  promptVersion: 1,
  isRolling: false,
  summarize: ({ messages }) => Promise.resolve({ gist: gistOf(messages), ...NO_COST }),
};

const SPEAKERS: Readonly<Record<Language, Readonly<Record<Message['role'], string>>>> = {
  en: { user: 'Customer', bot: 'Bot', agent: 'Agent', system: 'System' },
  pt: { user: 'Cliente', bot: 'Bot', agent: 'Atendente', system: 'Sistema' },
};
const NOTHING_SAID: Readonly<Record<Language, string>> = {
  en: 'Nothing was said in words.',
  pt: 'Nada foi dito em palavras.',
};
/**
 * Of more, only the beginning and the end are looked at: a fraction of a second of work, in which the
 * process does nothing else.
 */
const MESSAGES_MAX = 2_000;
const LETTERS_MAX = 200_000;

function gistOf(all: readonly Message[]): Gist {
  const messages = bounded(all);
  const language = detectLanguage(messages);
  const words = wordsFor(language);
  const chosen = rankSentences(sentencesOf(messages, words));
  const texts = messages.filter(({ role }) => role !== 'system').map(({ content }) => content);
  return {
    summary: tell(chosen, words),
    keyPoints: chosen.slice(0, KEY_POINTS_MAX).map(({ text, turn }) => {
      return { text, messageIds: [turn.messageId] };
    }),
    sentiment: sentimentOf(messages, words),
    tags: [...new Set([...topicsOf(texts), ...keyPhrases(texts, words)])].slice(0, TAGS_MAX),
    language,
  };
}

function bounded(all: readonly Message[]): readonly Message[] {
  const messages = all.map((message) => {
    return { ...message, content: shorten(message.content, CONTENT_LENGTH_MAX) };
  });
  const beginning = halfOf(messages);
  const end = halfOf(messages.slice(beginning.length).toReversed()).toReversed();
  return [...beginning, ...end];
}

/** The first ones, up to half of what may be looked at. */
function halfOf(messages: readonly Message[]): readonly Message[] {
  let letters = 0;
  const beyond = messages.findIndex(({ content }) => {
    letters += content.length;
    return letters > LETTERS_MAX / 2;
  });
  const room = beyond === -1 ? messages.length : beyond;
  return messages.slice(0, Math.min(room, MESSAGES_MAX / 2));
}

/** The sentences, with who said them wherever that changes. */
function tell(sentences: readonly Sentence[], language: Language): string {
  let speaker: Message['role'] | undefined;
  const parts = sentences.map(({ text, turn }) => {
    const isOther = turn.role !== speaker;
    speaker = turn.role;
    const ended = /[\p{L}\p{N}]$/u.test(text) ? `${text}.` : text;
    return isOther ? `${SPEAKERS[language][turn.role]}: ${ended}` : ended;
  });
  const told = shorten(parts.join(' '), SUMMARY_LENGTH_MAX);
  return told === '' ? NOTHING_SAID[language] : told;
}

/** How the customer felt: what they say at the end counts twice what they said at the beginning. */
function sentimentOf(messages: readonly Message[], language: Language): Sentiment {
  const scores = messages
    .filter(({ role }) => role === 'user')
    .map(({ content }) => scoreOf(content, language));
  const weightOf = (at: number) => 1 + at / Math.max(1, scores.length - 1);
  const felt = scores.map((score, at) => ({ score, weight: weightOf(at) })).filter(isFelt);
  const weights = felt.reduce((sum, { weight }) => sum + weight, 0);
  const score = felt.reduce((sum, one) => sum + one.score * one.weight, 0) / (weights || 1);
  return { label: labelOf(score), score: rounded(score), course: courseOf(scores) };
}

const isFelt = ({ score }: { score: number }) => score !== 0;
const rounded = (score: number) => Math.round(score * 100) / 100 || 0;

function courseOf(scores: readonly number[]): number[] {
  const parts = Math.min(COURSE_PARTS_MAX, scores.length);
  return Array.from({ length: parts }, (_, part) => {
    const some = scores.slice(
      Math.floor((part * scores.length) / parts),
      Math.floor(((part + 1) * scores.length) / parts),
    );
    return rounded(some.reduce((sum, score) => sum + score, 0) / some.length);
  });
}
