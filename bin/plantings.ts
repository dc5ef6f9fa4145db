import type { Patterns } from '../domain/patterns/patterns.ts';
import {
  BREAK_OFF_MESSAGES,
  isSlowHour,
  PEAK,
  type PlantedHistory,
  RETURNING_SHARE,
  RISING_SHARE,
} from './planted-history.ts';

/** Something that was put into the history, for it to be found. */
export interface Planting {
  readonly pattern: keyof Patterns;
  readonly sentence: string;
}

/** How far a share may be from what was planted. */
const SHARE_SLACK = 0.1;

interface CheckedPlanting extends Planting {
  isIn(patterns: Patterns): boolean;
}

/** Says what was planted, and whether it was found. */
export function comparePlantings(history: PlantedHistory, patterns: Patterns) {
  return plantingsOf(history).map(({ isIn, ...planting }) => ({
    ...planting,
    isFound: isIn(patterns),
  }));
}

function plantingsOf({ clientAtRisk, unusualDay }: PlantedHistory): CheckedPlanting[] {
  return [
    ...hoursPlanted(),
    ...conversationsPlanted(),
    ...clientsPlanted(clientAtRisk),
    {
      pattern: 'unusualDays',
      sentence: `a busy ${unusualDay}`,
      isIn: ({ unusualDays }) =>
        unusualDays?.days.some(({ day, score }) => day === unusualDay && score > 0) ?? false,
    },
  ];
}

function hoursPlanted(): CheckedPlanting[] {
  return [
    {
      pattern: 'peakHours',
      sentence: `a peak on Mondays at ${PEAK.hour}:00`,
      isIn: ({ peakHours }) => {
        const busiest = peakHours?.peaks[0];
        return busiest?.weekday === PEAK.weekday && busiest.hour === PEAK.hour;
      },
    },
    {
      pattern: 'slowAnswers',
      sentence: 'slow answers on Friday afternoons',
      isIn: ({ slowAnswers }) => {
        const slowest = slowAnswers?.hours[0];
        return slowest !== undefined && isSlowHour(slowest);
      },
    },
  ];
}

function conversationsPlanted(): CheckedPlanting[] {
  return [
    {
      pattern: 'breakOffs',
      sentence: `clients who leave after message ${BREAK_OFF_MESSAGES}, where the bot asks too much`,
      isIn: ({ breakOffs }) => breakOffs?.lengths[0]?.messages === BREAK_OFF_MESSAGES,
    },
    {
      pattern: 'topics',
      sentence: `cancellations that rise from ${percent(RISING_SHARE.before)} to ${percent(RISING_SHARE.after)}`,
      isIn: ({ topics }) =>
        topics?.topics.some(
          ({ tags, trend }) => tags.includes('cancellation') && trend?.direction === 'rising',
        ) ?? false,
    },
  ];
}

function clientsPlanted(clientAtRisk: string): CheckedPlanting[] {
  return [
    {
      pattern: 'returningClients',
      sentence: `${percent(RETURNING_SHARE)} of clients who come again`,
      isIn: ({ returningClients }) =>
        Math.abs((returningClients?.again.share ?? NaN) - RETURNING_SHARE) < SHARE_SLACK,
    },
    {
      pattern: 'clientsAtRisk',
      sentence: `${clientAtRisk}, who comes again and again, in a worse mood each time`,
      isIn: ({ clientsAtRisk }) => {
        const found = clientsAtRisk?.clients.find(({ clientId }) => clientId === clientAtRisk);
        return Boolean(found?.fallingSentiment && found.repeatedContact);
      },
    },
  ];
}

const percent = (share: number) => `${Math.round(share * 100)} %`;
