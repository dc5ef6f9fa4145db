import type { Instant } from '../instant.ts';
import type { Patterns } from './patterns.ts';

/** Four weeks are the least that some patterns need; half a day more or less must not matter. */
export const PATTERN_DAYS_DEFAULT = 56;

/** Which patterns are wanted: so many days of a time zone, up to and with the current one. */
export interface PatternsWanted {
  readonly companyId: string;
  readonly days: number;
  readonly timeZone: string;
}

/** Patterns, what they span, and when they were looked for. */
export interface FoundPatterns extends Patterns {
  readonly from: Instant;
  readonly to: Instant;
  readonly timeZone: string;
  readonly foundAt: Instant;
}
