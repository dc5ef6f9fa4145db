import type { Instant } from '../instant.ts';
import type { Role } from '../message.ts';
import type { Gist, Sentiment } from '../summary.ts';
import type { WaitSketch } from '../wait-sketch.ts';

/** What one Company's patterns are looked for in. Lists may come in any order. */
export interface Observations extends Coverage {
  readonly hours: readonly HourOfMessages[];
  readonly conversations: readonly ConversationSeen[];
  readonly answers: readonly HourOfAnswers[];
  readonly clientWeeks: readonly ClientWeek[];
  readonly summaries: readonly SummarySeen[];
}

/** How much of a span was looked at: of a very large Company not all. */
export interface Coverage {
  /** Conversations that ended before were left out; where none were, when the span begins. */
  readonly conversationsFrom: Instant;
  readonly summariesFrom: Instant;
  /** Of the Clients, those whose weeks were looked at: a sample, the same each time; 1 for all. */
  readonly clientShare: number;
}

/** What they span, and by which clock days and hours are told. */
export interface Span {
  readonly from: Instant;
  /** Not included. */
  readonly to: Instant;
  /** IANA's name, such as `America/Sao_Paulo`. */
  readonly timeZone: string;
}

/** Every pattern tells how much it rests on; where that is too little, there is no pattern. */
export interface Pattern {
  readonly observations: number;
}

/** What stands out, and of how many that was tested. */
export interface Tested<Finding> {
  readonly tested: number;
  readonly found: readonly Finding[];
}

/** Longer spans are refused: a Company of two years ago is another one. */
export const SPAN_DAYS_MAX = 400;

/** The counts of one UTC hour. Hours without Messages may be left out. */
export interface HourOfMessages {
  /** Its beginning. */
  readonly hour: Instant;
  readonly user: number;
  readonly bot: number;
  readonly agent: number;
  readonly system: number;
  readonly clients: number;
  readonly conversationsOpened: number;
  readonly conversationsActive: number;
}

export interface ConversationSeen {
  readonly conversationId: string;
  readonly clientId: string;
  readonly firstMessageAt: Instant;
  readonly lastMessageAt: Instant;
  readonly messageCount: number;
  /** Who spoke last; null where that is not known. */
  readonly lastRole: Role | null;
}

/** How long Clients waited for the answers of one UTC hour. */
export interface HourOfAnswers {
  readonly hour: Instant;
  readonly waits: WaitSketch;
}

/** A Client who had Conversations in a week. */
export interface ClientWeek {
  readonly clientId: string;
  /** The Monday it begins on, `YYYY-MM-DD` in UTC. */
  readonly week: string;
  readonly conversations: number;
}

export interface SummarySeen {
  readonly conversationId: string;
  readonly clientId: string;
  /** When the Conversation was, not when it was summarized. */
  readonly at: Instant;
  readonly tags: Gist['tags'];
  readonly score: Sentiment['score'];
  readonly label: Sentiment['label'];
}
