/**
 * A moment, always written the same way: UTC, three digits of milliseconds, `Z`.
 *
 * Strings of this one form sort as the moments do, are what JSON and people read, and become a
 * `datetime(3)` by cutting the last letter, so no Date is made on the way of a Message.
 */
export type Instant = string;

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** The last moment that has the canonical form, milliseconds since 1970. */
export const TIME_MS_MAX = Date.parse('9999-12-31T23:59:59.999Z');

const CANONICAL = /^\d{4}-\d\d-\d\dT(?!24)\d\d:\d\d:\d\d\.\d{3}Z$/;
const WITH_OFFSET = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/**
 * Reads an ISO 8601 date and time with an offset (`Z` or `+hh:mm`).
 *
 * @returns The same moment in canonical form, cut to milliseconds; null if it is no such text or
 *          names a day that does not exist.
 */
export function toInstant(text: string): Instant | null {
  if (CANONICAL.test(text)) return isRealDay(text) && !Number.isNaN(Date.parse(text)) ? text : null;
  if (!WITH_OFFSET.test(text) || !isRealDay(text)) return null;
  const time = Date.parse(text);
  if (Number.isNaN(time)) return null;
  const instant = instantOf(time);
  return CANONICAL.test(instant) ? instant : null; // An offset can lead out of the years 0 to 9999.
}

/** @param timeMs Milliseconds since 1970-01-01T00:00:00Z, within years 0 to 9999. */
export function instantOf(timeMs: number): Instant {
  return new Date(timeMs).toISOString();
}

/** The UTC day of a moment, `YYYY-MM-DD`: what the Ledger and the Segments count by. */
export function dayOf(instant: Instant): string {
  return instant.slice(0, 10);
}

/** V8 reads the 30th of February as the 2nd of March; a Message must not move in time unseen. */
function isRealDay(text: string): boolean {
  const day = Number(text.slice(8, 10));
  if (day <= 28) return day > 0;
  const lastDay = new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0));
  return day <= lastDay.getUTCDate();
}
