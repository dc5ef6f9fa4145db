import { discoveries } from './benjamini-hochberg.ts';
import { cellOf, CELLS, fromCell, hoursOf } from './local-hours.ts';
import type { HourOfMessages, Pattern, Span } from './observations.ts';
import { negativeBinomialTail } from './tail-probability.ts';

/** Of a weekday and hour of the Company's clock. */
export interface HourOfWeek {
  /** 1 for Monday to 7 for Sunday. */
  readonly weekday: number;
  /** 0 to 23. */
  readonly hour: number;
  /** Messages of Clients in such an hour, on average. */
  readonly messages: number;
}

export interface PeakHour extends HourOfWeek {
  /** How many times the average of all hours. */
  readonly ratio: number;
  readonly qValue: number;
}

export interface PeakHours extends Pattern {
  readonly weeks: number;
  /** Messages of Clients in an hour, on average over the week. */
  readonly average: number;
  /** The whole week, Monday at midnight first. */
  readonly hours: readonly HourOfWeek[];
  /** The busiest first. */
  readonly peaks: readonly PeakHour[];
}

/** How much a weekday's hour varies shows only from week to week. */
export const PEAK_WEEKS_MIN = 4;
/** Five for each of the 168 hours of a week, the usual least for a table of counts. */
export const PEAK_MESSAGES_MIN = CELLS * 5;
/** Less is no peak that anybody would plan for, however certain it is. */
export const PEAK_RATIO_MIN = 1.5;

/**
 * The hours of the week in which Clients write more than on average.
 *
 * Null model: all hours of a week are alike, and their counts vary as much as those of the same hour
 * do from week to week (negative binomial). An hour must stand out without its busiest week, too:
 * one busy Monday is no pattern of Mondays. Looks at the last whole weeks of the span.
 *
 * @param hours May lack hours without Messages.
 */
export function peakHours(hours: readonly HourOfMessages[], span: Span): PeakHours | null {
  const weeks = weeksOf(hours, span);
  const tallies = weeks.flatMap(withExpected);
  const observations = sum(tallies.map(({ count }) => count));
  if (weeks.length < PEAK_WEEKS_MIN || observations < PEAK_MESSAGES_MIN) return null;

  const cells = cellsOf(tallies);
  const dispersion = dispersionOf(tallies, cells, weeks.length);
  return {
    observations,
    weeks: weeks.length,
    average: observations / tallies.length,
    hours: cells.map(hourOfWeek),
    peaks: peaksOf(cells, dispersion),
  };
}

interface Count {
  readonly cell: number;
  readonly count: number;
}

/** How many Messages an hour had, and how many it would have if it were like all of its week. */
interface Tally extends Count {
  readonly expected: number;
}

/** The same weekday and hour of all weeks. */
interface Cell {
  readonly cell: number;
  hours: number;
  count: number;
  expected: number;
  expectedSquares: number;
  busiest: { readonly count: number; readonly expected: number };
}

/** Whole weeks of 168 hours, up to the last hour of the span. */
function weeksOf(hours: readonly HourOfMessages[], span: Span): Count[][] {
  const counts = new Map(hours.map(({ hour, user }) => [Date.parse(hour), user]));
  const all = hoursOf(span).map((hour) => ({
    cell: cellOf(hour),
    count: counts.get(hour.timeMs) ?? 0,
  }));
  const weeks = [];
  for (let end = all.length; end >= CELLS; end -= CELLS) weeks.push(all.slice(end - CELLS, end));
  return weeks;
}

function withExpected(week: readonly Count[]): Tally[] {
  const expected = sum(week.map(({ count }) => count)) / week.length;
  return week.map((hour) => ({ ...hour, expected }));
}

function cellsOf(tallies: readonly Tally[]): Cell[] {
  const cells = Array.from({ length: CELLS }, (_, cell) => ({ cell, ...NOTHING }));
  for (const { cell, count, expected } of tallies) {
    const total = cells[cell];
    if (!total) continue;
    total.hours += 1;
    total.count += count;
    total.expected += expected;
    total.expectedSquares += expected ** 2;
    if (count > total.busiest.count) total.busiest = { count, expected };
  }
  return cells;
}

/**
 * How much more than Poisson's the same hour varies from week to week: the part of the variance that
 * grows with the square of the mean, by the method of moments.
 */
function dispersionOf(tallies: readonly Tally[], cells: readonly Cell[], weeks: number): number {
  let residuals = 0;
  let squares = 0;
  for (const { cell, count, expected } of tallies) {
    const total = cells[cell];
    const fitted = total?.expected ? (expected * total.count) / total.expected : 0;
    residuals += (count - fitted) ** 2;
    squares += fitted ** 2;
  }
  const variance = (residuals * weeks) / (weeks - 1);
  const poisson = sum(tallies.map(({ count }) => count));
  // What is fitted to so few weeks varies itself, which its squares hold as well. Those of the true
  // means are never less than if all were alike.
  const squaredMeans = Math.max(squares - variance / weeks, poisson ** 2 / tallies.length);
  return Math.max(0, (variance - poisson) / squaredMeans);
}

function peaksOf(cells: readonly Cell[], dispersion: number): PeakHour[] {
  const tested = cells.map((cell) => {
    const count = cell.count - cell.busiest.count;
    const expected = cell.expected - cell.busiest.expected;
    const squares = cell.expectedSquares - cell.busiest.expected ** 2;
    const spread = expected > 0 ? (dispersion * squares) / expected ** 2 : 0;
    return { cell, pValue: negativeBinomialTail(count, expected, spread) };
  });
  return discoveries(tested)
    .map(({ finding: { cell }, qValue }) => ({
      ...hourOfWeek(cell),
      ratio: cell.count / cell.expected,
      qValue,
    }))
    .filter(({ ratio }) => ratio >= PEAK_RATIO_MIN)
    .toSorted((a, b) => b.ratio - a.ratio);
}

function hourOfWeek({ cell, count, hours }: Cell): HourOfWeek {
  return { ...fromCell(cell), messages: hours ? count / hours : 0 };
}

const NOTHING = {
  hours: 0,
  count: 0,
  expected: 0,
  expectedSquares: 0,
  busiest: { count: 0, expected: 0 },
};

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
