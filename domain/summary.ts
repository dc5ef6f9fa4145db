import { z } from 'zod';
import type { Conversation } from './conversation.ts';

export const SENTIMENTS = ['negative', 'neutral', 'positive'] as const;
export const SUMMARY_LENGTH_MAX = 1_200;
export const KEY_POINTS_MAX = 5;
export const TAGS_MAX = 8;
export const TAG_LENGTH_MAX = 64;
/** Older versions of a Conversation's Summary than these are dropped. */
export const SUMMARY_VERSIONS_MAX = 100;
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
  tags: z.array(z.string().min(1).max(TAG_LENGTH_MAX)).max(TAGS_MAX),
  /** ISO 639-1. */
  language: z.string().length(2),
});
export type Gist = z.infer<typeof Gist>;

const Count = z.int().min(0);
const Instant = z.string().meta({ format: 'date-time' });
type Instant = z.infer<typeof Instant>;

/** A Gist as it is kept: of which Messages it is, and whose work. */
export const Summary = Gist.extend({
  conversationId: z.string(),
  /** Older ones stay readable. */
  version: z.int().min(1),
  /** Messages that the Conversation had then. */
  messageCount: z.int().min(1),
  /** From the first of them to the last; whole minutes. */
  durationMinutes: Count,
  /** The last of them, in page order. */
  upTo: z.object({ messageId: z.string(), createdAt: Instant }),
  madeAt: Instant,
  model: z.string().min(1),
  promptVersion: Count,
  tokens: z.object({ input: Count, output: Count }),
  /** Millionths of the currency that prices are configured in. */
  costMicros: Count,
});
export type Summary = z.infer<typeof Summary>;

/** That no Summary could be made, and that trying again would change nothing. */
export interface SummaryFailure {
  /** Of the fault; its sentence is not kept. */
  readonly code: string;
  /** Messages that the Conversation had then. */
  readonly messageCount: number;
  readonly failedAt: Instant;
}

/** A Conversation as it is now, and what was said of it; null: nothing yet. */
export interface SummaryState {
  readonly conversation: Conversation;
  readonly summary: Summary | null;
  /** The last one, where there is no Summary. */
  readonly failure: SummaryFailure | null;
}

/**
 * So long nothing but a wish tries again: each attempt may be charged for. Less than a day, so that what
 * failed in one night, be it in its last hour, is tried in the next one.
 */
export const FAILURE_COUNTS_MS = 18 * 60 * 60_000;

/** The failure that keeps a Summary from being made now; null: there is none, or more was said. */
export function failureThatCounts(
  { conversation, failure }: SummaryState,
  nowMs: number,
): { code: string; leftMs: number } | null {
  if (failure?.messageCount !== conversation.messageCount) return null;
  const leftMs = Date.parse(failure.failedAt) + FAILURE_COUNTS_MS - nowMs;
  return leftMs > 0 ? { code: failure.code, leftMs } : null;
}

/** Whether something was said since, be it late: then its moment may lie before the others'. */
export function isStale(summary: Summary, conversation: Conversation): boolean {
  return (
    summary.messageCount < conversation.messageCount ||
    summary.upTo.createdAt < conversation.lastMessageAt
  );
}
