import { z } from 'zod';

export const SENTIMENTS = ['negative', 'neutral', 'positive'] as const;
export const SUMMARY_LENGTH_MAX = 1_200;
export const KEY_POINTS_MAX = 5;
export const TAGS_MAX = 8;
/** A long Conversation is told in so many parts. */
export const COURSE_PARTS_MAX = 10;

/** How somebody felt: −1 is as bad as it gets, 1 as good. */
const Score = z.number().min(-1).max(1);

export const Sentiment = z.object({
  label: z.enum(SENTIMENTS),
  score: Score,
  /** The same part by part, from the beginning of the Conversation to its end. */
  course: z.array(Score).max(COURSE_PARTS_MAX),
});
export type Sentiment = z.infer<typeof Sentiment>;

export const KeyPoint = z.object({
  text: z.string().min(1).max(SUMMARY_LENGTH_MAX),
  /** The Messages it rests on. */
  messageIds: z.array(z.string()).min(1),
});
export type KeyPoint = z.infer<typeof KeyPoint>;

/** What a Conversation was about, as a Summarizer says it. */
export const Gist = z.object({
  summary: z.string().min(1).max(SUMMARY_LENGTH_MAX),
  keyPoints: z.array(KeyPoint).max(KEY_POINTS_MAX),
  sentiment: Sentiment,
  tags: z.array(z.string().min(1).max(64)).max(TAGS_MAX),
  /** ISO 639-1. */
  language: z.string().length(2),
});
export type Gist = z.infer<typeof Gist>;
