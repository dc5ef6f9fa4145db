import { HOUR_MS } from './instant.ts';
import { hourNoOf } from './usage.ts';

/** Buckets of time side by side, in UTC hours since 1970; the last number is where they end. */
export type HourEdges = readonly number[];

/**
 * The days of a time zone up to and with the current one, or their hours. An hour belongs to the day
 * in which it begins, where a zone is half an hour off.
 *
 * @param span.nowMs Milliseconds since 1970.
 */
export function edgesOf(
  { days, timeZone, by }: { days: number; timeZone: string; by: 'day' | 'hour' },
  nowMs: number,
): HourEdges {
  const endNo = hourNoOf(nowMs) + 1;
  const starts = dayStarts({ days, timeZone }, endNo - 1);
  if (by === 'day') return [...starts, endNo];
  const first = starts[0] ?? endNo - 1;
  return Array.from({ length: endNo - first + 1 }, (_, nth) => first + nth);
}

/** The shortest day of a year: clocks go forward. */
const DAY_HOURS_MIN = 23;

/** The first hours of the last days, the oldest first. */
function dayStarts({ days, timeZone }: { days: number; timeZone: string }, hourNo: number) {
  const dayAt = localDays(timeZone);
  const starts: number[] = [];
  let within = hourNo;
  while (starts.length < days) {
    const day = dayAt(within);
    let start = within;
    if (starts.length > 0) start = within - DAY_HOURS_MIN + 1;
    while (dayAt(start) !== day) start += 1;
    while (dayAt(start - 1) === day) start -= 1;
    starts.unshift(start);
    within = start - 1;
  }
  return starts;
}

const formatters = new Map<string, Intl.DateTimeFormat>();
/** There are some hundred zones, some of them under several names. */
const FORMATTERS_MAX = 1_000;

/** Gives the date that people there have when a UTC hour begins. */
function localDays(timeZone: string): (hourNo: number) => string {
  let formatter = formatters.get(timeZone);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en', { timeZone, dateStyle: 'short' });
    if (formatters.size >= FORMATTERS_MAX) formatters.clear();
    formatters.set(timeZone, formatter);
  }
  const known = formatter;
  return (hourNo) => known.format(hourNo * HOUR_MS);
}

/** Which bucket an hour lies in; −1 before the first. */
export function bucketAt(edges: HourEdges, hourNo: number): number {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((edges[middle] ?? Infinity) <= hourNo) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
