import { discoveries } from './benjamini-hochberg.ts';
import { hoursOf } from './local-hours.ts';
import { DEVIATION_FACTOR, median } from './median.ts';
import type { HourOfMessages, Pattern, Span } from './observations.ts';
import { studentTail } from './tail-probability.ts';

export const DAILY_SERIES = ['messages', 'conversations'] as const;
export type DailySeries = (typeof DAILY_SERIES)[number];

export interface UnusualDay {
  /** `YYYY-MM-DD` of the Company's calendar. */
  readonly day: string;
  /** Messages of Clients, or Conversations opened. */
  readonly series: DailySeries;
  readonly count: number;
  /** The median of the same weekday in the weeks around. */
  readonly usual: number;
  /** In robust standard deviations; negative for a quiet day. */
  readonly score: number;
  readonly qValue: number;
}

export interface UnusualDays extends Pattern {
  /** The latest first. */
  readonly days: readonly UnusualDay[];
}

/** Each weekday must be there four times, so that three others tell what is usual. */
export const UNUSUAL_DAYS_MIN = 28;
/** The median day. With fewer events, a day is too coarse to be judged. */
export const UNUSUAL_COUNT_MIN = 5;
/** Iglewicz and Hoaglin, *How to Detect and Handle Outliers*, ASQC 1993: the usual limit. */
export const UNUSUAL_SCORE_MIN = 3.5;
/** How far the weeks around reach, either way: usual changes with the season. */
export const UNUSUAL_WEEKS_AROUND = 4;

/** The median deviation uses so much of what the data say about their spread. */
const EFFICIENCY = 0.37;
/** However many days there are, their tails are heavier than those of normal data. */
const DEGREES_MAX = 20;
/** The variance of a median, in those of a mean. */
const MEDIAN_VARIANCE = Math.PI / 2;
const DISPERSION_MAX = 1_000;

/**
 * Days with far more or far fewer Messages, or Conversations opened, than that weekday usually has.
 *
 * Null model: each day varies about the median of its weekday in the weeks around like all others
 * (negative binomial, on Anscombe's scale, on which its variance is 1 + dispersion × mean).
 *
 * @param hours May lack hours without Messages.
 */
export function unusualDays(hours: readonly HourOfMessages[], span: Span): UnusualDays | null {
  const days = daysOf(hours, span);
  const judged = DAILY_SERIES.filter(
    (series) => median(days.map((day) => day[series])) >= UNUSUAL_COUNT_MIN,
  );
  if (days.length < UNUSUAL_DAYS_MIN || judged.length === 0) return null;

  const tested = judged.flatMap((series) => scoresOf(days, series));
  const unusual = discoveries(tested)
    .map(({ finding: { scored }, qValue }) => ({ ...scored, qValue }))
    .filter(({ score }) => Math.abs(score) >= UNUSUAL_SCORE_MIN)
    .toSorted((a, b) => (a.day > b.day ? -1 : 1));
  return { observations: days.length, days: unusual };
}

/** The events of one whole local day. */
type Day = { readonly day: string } & Record<DailySeries, number>;

function daysOf(hours: readonly HourOfMessages[], span: Span): Day[] {
  const counts = new Map(hours.map((hour) => [Date.parse(hour.hour), hour]));
  const local = hoursOf(span);
  const days = [...Map.groupBy(local, ({ day }) => day)].map(([day, ofDay]) => {
    const seen = ofDay.flatMap(({ timeMs }) => counts.get(timeMs) ?? []);
    return {
      day,
      messages: seen.reduce((sum, { user }) => sum + user, 0),
      conversations: seen.reduce((sum, { conversationsOpened }) => sum + conversationsOpened, 0),
    };
  });
  // The span may begin and end within a day.
  return days.slice(local[0]?.hour === 0 ? 0 : 1, local.at(-1)?.hour === 23 ? undefined : -1);
}

/** How far a day is from usual, on Anscombe's scale. */
interface Residual {
  readonly day: string;
  readonly count: number;
  readonly usual: number;
  readonly difference: number;
  /** What the median of few weeks adds to the variance, as a factor. */
  readonly inflation: number;
}

function scoresOf(days: readonly Day[], series: DailySeries) {
  const counts = days.map((day) => day[series]);
  const residuals = days.map(({ day }, at) => ({ day, ...residualOf(counts, at) }));
  const dispersion = dispersionOf(residuals);
  const degrees = Math.min(DEGREES_MAX, EFFICIENCY * days.length);
  return residuals.map((residual) => {
    const { day, count, usual, difference } = residual;
    const score = difference / deviationOf(residual, dispersion);
    const pValue = Math.min(1, 2 * studentTail(Math.abs(score), degrees));
    return { scored: { day, series, count, usual, score }, pValue };
  });
}

function residualOf(counts: readonly number[], at: number): Omit<Residual, 'day'> {
  const around = [];
  for (let week = -UNUSUAL_WEEKS_AROUND; week <= UNUSUAL_WEEKS_AROUND; week += 1) {
    const other = counts[at + week * 7];
    if (week !== 0 && other !== undefined) around.push(other);
  }
  const [count = 0, usual] = [counts[at], median(around)];
  const difference = anscombe(count) - anscombe(usual);
  return { count, usual, difference, inflation: 1 + MEDIAN_VARIANCE / around.length };
}

/**
 * The least dispersion with which half of all days lie within the median deviation of normal data,
 * by bisection. Days on which the Company is closed say nothing about it.
 */
function dispersionOf(residuals: readonly Residual[]): number {
  const open = residuals.filter(({ usual }) => usual >= 1);
  const isTooSmall = (dispersion: number) => {
    const scores = open.map((one) => Math.abs(one.difference) / deviationOf(one, dispersion));
    return median(scores) * DEVIATION_FACTOR > 1;
  };
  let [low, high] = [0, DISPERSION_MAX];
  if (!isTooSmall(low)) return low;
  for (let step = 0; step < 50; step += 1) {
    const middle = (low + high) / 2;
    if (isTooSmall(middle)) low = middle;
    else high = middle;
  }
  return high;
}

/** Both the day and what is usual tell the mean: by one alone, errors of it would look unusual. */
function deviationOf({ inflation, count, usual }: Residual, dispersion: number): number {
  return Math.sqrt(inflation * (1 + (dispersion * (count + usual)) / 2));
}

/** Anscombe, *The Transformation of Poisson, Binomial and Negative-Binomial Data*, Biometrika 35, 1948. */
function anscombe(count: number): number {
  return 2 * Math.sqrt(count + 3 / 8);
}
