import { CronExpressionParser } from 'cron-parser';

/**
 * The first moment after another one that a cron pattern names, as BullMQ finds it. Where clocks are
 * put forward a moment that is left out comes an hour later; where they are put back it comes once.
 *
 * @param pattern   Five fields, or six that begin with seconds.
 * @param timeZone  IANA name.
 * @param afterMs   Milliseconds since 1970, as is the result.
 */
export function dueAfter(
  { pattern, timeZone }: { pattern: string; timeZone: string },
  afterMs: number,
): number {
  const options = { tz: timeZone, currentDate: new Date(afterMs) };
  return CronExpressionParser.parse(pattern, options).next().getTime();
}
