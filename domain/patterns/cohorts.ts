import { dayOf } from '../instant.ts';
import { discoveries } from './benjamini-hochberg.ts';
import type { ClientWeek, Pattern, Span } from './observations.ts';
import { type Proportion, pValueOfDifference } from './two-proportions.ts';
import { mondayOf, weekNumber } from './weeks.ts';
import { type Share, wilsonInterval } from './wilson-interval.ts';

export interface Cohort {
  /** The Monday of the week in which these Clients came for the first time. */
  readonly week: string;
  readonly clients: number;
  /** How many were back one week later, two weeks later, …, as far as weeks are over. */
  readonly back: readonly CohortWeek[];
  /** Of returning in the first weeks, against all other cohorts; null where it is as with them. */
  readonly standsOut: { readonly direction: 'higher' | 'lower'; readonly qValue: number } | null;
}

export interface CohortWeek {
  readonly clients: number;
  readonly share: Share;
}

export interface Cohorts extends Pattern {
  /** How many of them were compared with one another; 0: fewer than two are over long enough. */
  readonly tested: number;
  readonly cohorts: readonly Cohort[];
}

/** Below it, one Client more or less is five points. */
export const COHORT_CLIENTS_MIN = 20;
export const COHORT_WEEKS_MAX = 26;
/** A cohort stands out by how many of it were back within so many weeks after its first. */
export const COHORT_RETURN_WEEKS = 4;

/** Who was not seen for so many weeks counts as new. */
export const COHORT_LEAD_WEEKS = 4;

/**
 * Clients by the week they came in, and how many were back in the weeks after it.
 *
 * The first weeks of the span are no cohorts: old Clients would seem to have come in them. Null
 * model of what stands out: all cohorts return alike.
 */
export function cohorts(clientWeeks: readonly ClientWeek[], span: Span): Cohorts | null {
  const first = weekNumber(dayOf(span.from)) + COHORT_LEAD_WEEKS;
  const end = weekNumber(dayOf(span.to)); // The week that the span ends in is not over.
  const groups = groupsOf(clientWeeks, { first, end }).filter(
    ({ clients }) => clients.length >= COHORT_CLIENTS_MIN,
  );
  if (groups.length === 0) return null;

  const { tested, directions } = comparedWithOthers(groups, end);
  return {
    tested,
    observations: groups.reduce((sum, { clients }) => sum + clients.length, 0),
    cohorts: groups.map((group) => ({
      week: mondayOf(group.week),
      clients: group.clients.length,
      back: backOf(group, end),
      standsOut: directions.get(group.week) ?? null,
    })),
  };
}

/** Clients whose first week it is, each as the set of weeks it was seen in. */
interface Group {
  readonly week: number;
  readonly clients: readonly ReadonlySet<number>[];
}

function groupsOf(
  clientWeeks: readonly ClientWeek[],
  { first, end }: { readonly first: number; readonly end: number },
): Group[] {
  const weeksOfClient = new Map<string, Set<number>>();
  for (const { clientId, week } of clientWeeks) {
    const number = weekNumber(week);
    if (number >= end) continue;
    const weeks = weeksOfClient.get(clientId) ?? new Set();
    weeksOfClient.set(clientId, weeks.add(number));
  }
  const clientsByWeek = Map.groupBy(weeksOfClient.values(), (weeks) => Math.min(...weeks));
  return [...clientsByWeek]
    .filter(([week]) => week >= first)
    .map(([week, clients]) => ({ week, clients }))
    .toSorted((a, b) => a.week - b.week);
}

function backOf({ week, clients }: Group, end: number): CohortWeek[] {
  const weeks = Math.min(end - week - 1, COHORT_WEEKS_MAX);
  return Array.from({ length: weeks }, (_, at) => {
    const back = clients.filter((seen) => seen.has(week + 1 + at)).length;
    return { clients: back, share: wilsonInterval(back, clients.length) };
  });
}

/** Compares only cohorts whose first weeks are all over. */
function comparedWithOthers(groups: readonly Group[], end: number) {
  const settled = groups
    .filter(({ week }) => week + COHORT_RETURN_WEEKS < end)
    .map((group) => ({ week: group.week, returned: returnedOf(group) }));
  const all = added(settled.map(({ returned }) => returned));
  const tested = settled.map(({ week, returned }) => {
    const others = {
      successes: all.successes - returned.successes,
      trials: all.trials - returned.trials,
    };
    return { week, returned, others, pValue: pValueOfDifference(returned, others) };
  });
  const directions = new Map(
    discoveries(tested).map(({ finding: { week, returned, others }, qValue }) => {
      const higher = returned.successes * others.trials > others.successes * returned.trials;
      return [week, { direction: higher ? ('higher' as const) : ('lower' as const), qValue }];
    }),
  );
  return { tested: settled.length > 1 ? settled.length : 0, directions };
}

function returnedOf({ week, clients }: Group): Proportion {
  const isSoon = (seen: number) => seen > week && seen <= week + COHORT_RETURN_WEEKS;
  const successes = clients.filter((weeks) => [...weeks].some(isSoon)).length;
  return { successes, trials: clients.length };
}

function added(proportions: readonly Proportion[]): Proportion {
  return {
    successes: proportions.reduce((sum, { successes }) => sum + successes, 0),
    trials: proportions.reduce((sum, { trials }) => sum + trials, 0),
  };
}
