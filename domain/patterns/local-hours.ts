import { HOUR_MS } from '../instant.ts';
import { type LocalHour, localClockOf } from './local-time.ts';
import type { Span } from './observations.ts';

/** One UTC hour of a span, with where it lies on the Company's clock. */
export interface HourOfSpan extends LocalHour {
  readonly timeMs: number;
}

/** All whole UTC hours of a span, the earliest first: also those in which nothing happened. */
export function hoursOf(span: Span): HourOfSpan[] {
  const clock = localClockOf(span.timeZone);
  const first = Math.ceil(Date.parse(span.from) / HOUR_MS) * HOUR_MS;
  const hours = [];
  for (let timeMs = first; timeMs + HOUR_MS <= Date.parse(span.to); timeMs += HOUR_MS) {
    hours.push({ timeMs, ...clock(timeMs) });
  }
  return hours;
}

/** The hours of a week. */
export const CELLS = 7 * 24;

/** Weekday and hour in one, from 0 to `CELLS − 1`. */
export function cellOf({ weekday, hour }: LocalHour): number {
  return (weekday - 1) * 24 + hour;
}

export function fromCell(cell: number): { weekday: number; hour: number } {
  return { weekday: Math.floor(cell / 24) + 1, hour: cell % 24 };
}
