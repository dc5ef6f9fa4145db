import { DAY_MS } from '../instant.ts';

const WEEK_MS = 7 * DAY_MS;
/** A Monday. */
const FIRST_MONDAY_MS = Date.parse('1970-01-05T00:00:00Z');

/** Weeks since the first Monday of 1970, of a day `YYYY-MM-DD`. */
export function weekNumber(day: string): number {
  return Math.floor((Date.parse(`${day}T00:00:00Z`) - FIRST_MONDAY_MS) / WEEK_MS);
}

/** The Monday that a week begins on. */
export function mondayOf(week: number): string {
  return new Date(FIRST_MONDAY_MS + week * WEEK_MS).toISOString().slice(0, 10);
}
