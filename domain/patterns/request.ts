import type { Instant } from '../instant.ts';
import type { Patterns } from './patterns.ts';

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
