import { z } from 'zod';
import {
  COURSE_PARTS_MAX,
  type Gist,
  KEY_POINTS_MAX,
  type KeyPoint,
  type Sentiment,
  SENTIMENTS,
  SUMMARY_LENGTH_MAX,
  TAG_LENGTH_MAX,
  TAGS_MAX,
} from '../../domain/summary.ts';
import { shorten } from '../../domain/text.ts';
import type { Completion } from './client.ts';

const KEY_POINT_LENGTH_MAX = 400;
const CITATIONS_MAX = 20;
const FAULTS_TOLD_MAX = 3;

/** What a model answers. Bounds are not in it: servers differ in those they know, and few keep them. */
const Answer = z.object({
  language: z.string(),
  summary: z.string(),
  keyPoints: z.array(z.object({ text: z.string(), messages: z.array(z.number()) })),
  sentiment: z.object({
    label: z.enum(SENTIMENTS),
    score: z.number(),
    course: z.array(z.number()),
  }),
  tags: z.array(z.string()),
});
type Answer = z.infer<typeof Answer>;

export const answerSchema: Readonly<Record<string, unknown>> = z.toJSONSchema(Answer, {
  target: 'draft-7',
});

/** What the answer may refer to. */
export interface Context {
  /** What the numbers of the prompt stand for. */
  readonly messageIds: ReadonlyMap<number, string>;
  readonly previous: Gist | null;
}

export type ReadAnswer =
  | { readonly gist: Gist; readonly fault: null }
  /** Says what is wrong, and nothing of what is there: it reaches logs. */
  | { readonly gist: null; readonly fault: string };

/**
 * Makes a Gist of what a model wrote, of which nothing is trusted: what is too long is cut, what is
 * not asked for is dropped, and so is a key point that rests on no Message it was given.
 */
export function readAnswer({ text, isCutOff }: Completion, context: Context): ReadAnswer {
  if (isCutOff) return faulty('the answer is too long and was cut off');
  const json = jsonIn(text);
  if (json === undefined) return faulty('the answer is no JSON object');
  const parsed = Answer.safeParse(json);
  if (!parsed.success)
    return faulty(parsed.error.issues.slice(0, FAULTS_TOLD_MAX).map(told).join('; '));

  const { data } = parsed;
  const summary = clean(data.summary, SUMMARY_LENGTH_MAX);
  if (summary === '') return faulty('summary: must not be empty');
  const language = /^([a-z]{2})(?:[-_]|$)/.exec(data.language.trim().toLowerCase())?.[1];
  if (language === undefined) return faulty('language: must be a code of two letters');
  const sentiment = sentimentOf(data.sentiment, context.previous);
  return {
    gist: {
      summary,
      keyPoints: keyPointsOf(data, context),
      sentiment,
      tags: tagsOf(data),
      language,
    },
    fault: null,
  };
}

const faulty = (fault: string) => ({ gist: null, fault });
const told = ({ path, message }: z.core.$ZodIssue) => `${path.join('.') || 'answer'}: ${message}`;

/** Some models think aloud before it, or fence it in. */
function jsonIn(text: string): unknown {
  const object = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1);
  for (const json of [text, object]) {
    try {
      return JSON.parse(json);
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

function keyPointsOf({ keyPoints }: Answer, { messageIds }: Context): KeyPoint[] {
  const points = keyPoints.map(({ text, messages }) => {
    const cited = messages.flatMap((number) => messageIds.get(number) ?? []);
    return {
      text: clean(text, KEY_POINT_LENGTH_MAX),
      messageIds: [...new Set(cited)].slice(0, CITATIONS_MAX),
    };
  });
  return points
    .filter((point) => point.text && point.messageIds.length > 0)
    .slice(0, KEY_POINTS_MAX);
}

function tagsOf({ tags }: Answer): string[] {
  const cleaned = tags.map((tag) => clean(tag, TAG_LENGTH_MAX).toLowerCase()).filter(Boolean);
  return [...new Set(cleaned)].slice(0, TAGS_MAX);
}

function sentimentOf(
  { label, score, course }: Answer['sentiment'],
  previous: Gist | null,
): Sentiment {
  const parts = [...(previous?.sentiment.course ?? []), ...course.slice(0, COURSE_PARTS_MAX)];
  return { label, score: agreeing(label, bounded(score)), course: inParts(parts.map(bounded)) };
}

const bounded = (score: number) => Math.round(Math.min(1, Math.max(-1, score)) * 100) / 100 || 0;

/** Models are better at the word than at the number. */
function agreeing(label: Sentiment['label'], score: number): number {
  if (label === 'neutral') return score;
  return label === 'negative' ? Math.min(score, 0) : Math.max(score, 0);
}

/** Halves what became too long: each two parts become one. */
function inParts(course: readonly number[]): number[] {
  if (course.length <= COURSE_PARTS_MAX) return [...course];
  const pairs = Array.from({ length: Math.ceil(course.length / 2) }, (_, at) => {
    const [first = 0, second = first] = course.slice(2 * at, 2 * at + 2);
    return bounded((first + second) / 2);
  });
  return inParts(pairs);
}

/** Control characters, and those that are not seen or turn the line around; but emoji need the joiner. */
const UNSEEN = /(?!\u200d)[\p{Cc}\p{Cf}\p{Cs}\p{Co}\s]/gu;

function clean(text: string, lengthMax: number): string {
  return shorten(text.replaceAll(UNSEEN, ' ').replaceAll(/ {2,}/g, ' ').trim(), lengthMax);
}
