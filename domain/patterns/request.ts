import type { Instant } from '../instant.ts';
import type { Coverage } from './observations.ts';
import type { Patterns } from './patterns.ts';

/** Four weeks are the least that some patterns need; half a day more or less must not matter. */
export const PATTERN_DAYS_DEFAULT = 56;

/** Different `days` and time zones that somebody asks for: each of them is looked for every night. */
export const SPANS_PER_COMPANY_MAX = 20;

/** Which patterns are wanted: so many days of a time zone, up to and with the current one. */
export interface PatternsWanted {
  readonly companyId: string;
  readonly days: number;
  readonly timeZone: string;
}

/** Patterns, what they span, and when they were looked for. */
export interface FoundPatterns extends Patterns, Coverage {
  readonly from: Instant;
  readonly to: Instant;
  readonly timeZone: string;
  readonly foundAt: Instant;
}

/** What is known of patterns that were asked for. */
export interface PatternsState {
  /** As they were found last; null: not yet. */
  readonly found: FoundPatterns | null;
  /** When looking for them came to nothing; null if it has not since they were found. */
  readonly failedAt: Instant | null;
}
