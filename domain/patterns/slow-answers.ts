import { mergeWaits, newWaitSketch, waitAtQuantile, waitsAbove } from '../wait-sketch.ts';
import { discoveries } from './benjamini-hochberg.ts';
import { cellOf, CELLS, fromCell } from './local-hours.ts';
import { localClockOf } from './local-time.ts';
import type { HourOfAnswers, Pattern, Span } from './observations.ts';
import { binomialTail } from './tail-probability.ts';
import { type Share, wilsonInterval } from './wilson-interval.ts';

export interface SlowHour {
  /** 1 for Monday to 7 for Sunday. */
  readonly weekday: number;
  /** 0 to 23. */
  readonly hour: number;
  readonly answers: number;
  readonly slow: Share;
  readonly qValue: number;
}

export interface SlowAnswers extends Pattern {
  /** Milliseconds, within 1 %. */
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  /** An answer that takes longer is slow. */
  readonly slowMs: number;
  readonly slow: Share;
  /** How many hours of the week were compared with all others; 0: none had answers on enough days. */
  readonly tested: number;
  /** The hours of the week in which more are slow than else; those with the largest share first. */
  readonly hours: readonly SlowHour[];
}

/** So that some 20 are slow where one in ten is. */
export const SLOW_ANSWERS_MIN = 200;
/** Of one weekday and hour, on so many days: one bad Monday is no pattern of Mondays. */
export const SLOW_DAYS_MIN = 3;
/** Less is certain only because there are many answers. */
export const SLOW_RATIO_MIN = 1.5;

/**
 * How long Clients wait, and when they wait longest.
 *
 * Null model: in each hour of the week the same share is slow as in all others (binomial). Slow
 * answers come together, so counts are divided by how much more than binomially the same hour
 * varies from week to week (Rao and Scott, *A Simple Method for the Analysis of Clustered Binary
 * Data*, Biometrics 48, 1992). An hour must stand out without its worst week, too.
 *
 * @param slowMs What is slow; null for what is slower than nine in ten of this Company's answers.
 */
export function slowAnswers(
  answers: readonly HourOfAnswers[],
  span: Span,
  slowMs: number | null,
): SlowAnswers | null {
  const all = newWaitSketch();
  for (const { waits } of answers) mergeWaits(all, waits);
  if (all.count < SLOW_ANSWERS_MIN) return null;

  const quantile = (q: number) => waitAtQuantile(all, q) ?? 0;
  const limitMs = slowMs ?? quantile(0.9);
  return {
    observations: all.count,
    p50Ms: quantile(0.5),
    p90Ms: quantile(0.9),
    p99Ms: quantile(0.99),
    slowMs: limitMs,
    slow: wilsonInterval(waitsAbove(all, limitMs), all.count),
    ...hoursThatStandOut(answers, span, limitMs),
  };
}

interface Tally {
  readonly answers: number;
  readonly slow: number;
}

/** The same weekday and hour of all weeks. */
interface Cell extends Tally {
  readonly cell: number;
  readonly hours: readonly Tally[];
}

function hoursThatStandOut(answers: readonly HourOfAnswers[], span: Span, slowMs: number) {
  const cells = cellsOf(answers, span, slowMs);
  const all = added(cells);
  const clustering = clusteringOf(cells);
  const tested = cells
    .filter(({ hours }) => hours.length >= SLOW_DAYS_MIN)
    .map((cell) => ({ cell, pValue: pValueOf(cell, all, clustering) }));
  const hours = discoveries(tested)
    .map(({ finding: { cell }, qValue }) => slowHour(cell, qValue))
    .filter(({ slow }) => slow.share >= (SLOW_RATIO_MIN * all.slow) / all.answers)
    .toSorted((a, b) => b.slow.share - a.slow.share);
  return { tested: tested.length, hours };
}

function cellsOf(answers: readonly HourOfAnswers[], span: Span, slowMs: number): Cell[] {
  const clock = localClockOf(span.timeZone);
  const cells = Array.from({ length: CELLS }, (): Tally[] => []);
  for (const { hour, waits } of answers) {
    if (waits.count === 0) continue;
    const tally = { answers: waits.count, slow: waitsAbove(waits, slowMs) };
    cells[cellOf(clock(Date.parse(hour)))]?.push(tally);
  }
  return cells.map((hours, cell) => ({ cell, hours, ...added(hours) }));
}

/**
 * How much more the slow answers of the same hour vary from week to week than if each came for
 * itself: at least 1, about the number of slow answers that come together.
 */
function clusteringOf(cells: readonly Cell[]): number {
  let variation = 0;
  let binomial = 0;
  for (const { answers, slow, hours } of cells) {
    if (hours.length < SLOW_DAYS_MIN) continue;
    const share = slow / answers;
    const squares = hours.map((hour) => (hour.slow - hour.answers * share) ** 2);
    variation += (sum(squares) * hours.length) / (hours.length - 1);
    binomial += answers * share * (1 - share);
  }
  return binomial > 0 ? Math.max(1, variation / binomial) : 1;
}

/** Compares all but the worst hour of a cell with all other cells. */
function pValueOf(cell: Cell, all: Tally, clustering: number): number {
  const answers = all.answers - cell.answers;
  if (answers === 0) return 1;
  const elsewhere = (all.slow - cell.slow) / answers;
  const worst = cell.hours.reduce((a, b) => (b.slow > a.slow ? b : a));
  const slow = (cell.slow - worst.slow) / clustering;
  return binomialTail(slow, (cell.answers - worst.answers) / clustering, elsewhere);
}

function slowHour({ cell, answers, slow }: Cell, qValue: number): SlowHour {
  return { ...fromCell(cell), answers, slow: wilsonInterval(slow, answers), qValue };
}

function added(tallies: readonly Tally[]): Tally {
  return {
    answers: sum(tallies.map(({ answers }) => answers)),
    slow: sum(tallies.map(({ slow }) => slow)),
  };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
