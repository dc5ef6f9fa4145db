import { discoveries } from './benjamini-hochberg.ts';
import { DAY_MS } from '../instant.ts';
import { pValueOfFall, SERIES_MAX, theilSenSlope } from './mann-kendall.ts';
import type { SummarySeen, Tested } from './observations.ts';

export interface FallingSentiment {
  readonly clientId: string;
  readonly summaries: number;
  /** How much the score falls from the first Summary to the last, along the median slope. */
  readonly fall: number;
  readonly qValue: number;
}

/** Of four, even those that fall throughout do so by chance once in 24. */
export const FALLING_SUMMARIES_MIN = 5;
/** On the scale from −1 to 1. Less is steady, but not felt. */
export const FALL_MIN = 0.2;

/**
 * Clients whose Conversations go worse and worse.
 *
 * Null model: the order of a Client's scores means nothing (Mann and Kendall).
 *
 * @returns Null where there is too little to test any of them.
 */
export function fallingSentiments(
  summaries: readonly SummarySeen[],
): Tested<FallingSentiment> | null {
  const tested = [...Map.groupBy(summaries, ({ clientId }) => clientId)]
    .filter(([, ofClient]) => ofClient.length >= FALLING_SUMMARIES_MIN)
    .map(([clientId, ofClient]) => {
      const series = ofClient
        .toSorted((a, b) => (a.at < b.at ? -1 : 1))
        .slice(-SERIES_MAX)
        .map(({ at, score }) => ({ x: Date.parse(at) / DAY_MS, y: score }));
      return { clientId, series, pValue: pValueOfFall(series.map(({ y }) => y)) };
    });
  if (tested.length === 0) return null;
  const found = discoveries(tested)
    .map(({ finding: { clientId, series }, qValue }) => ({
      clientId,
      summaries: series.length,
      fall: fallOf(series),
      qValue,
    }))
    .filter(({ fall }) => fall >= FALL_MIN);
  return { tested: tested.length, found };
}

function fallOf(series: readonly { x: number; y: number }[]): number {
  const days = (series.at(-1)?.x ?? 0) - (series[0]?.x ?? 0);
  return days > 0 ? -theilSenSlope(series) * days : 0;
}
