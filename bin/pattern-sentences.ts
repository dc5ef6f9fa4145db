import type { BreakOffs } from '../domain/patterns/break-offs.ts';
import type { ClientAtRisk, ClientsAtRisk } from '../domain/patterns/clients-at-risk.ts';
import type { Cohorts } from '../domain/patterns/cohorts.ts';
import type { LengthFunnel } from '../domain/patterns/length-funnel.ts';
import type { Patterns } from '../domain/patterns/patterns.ts';
import type { PeakHours } from '../domain/patterns/peak-hours.ts';
import type { ReturningClients } from '../domain/patterns/returning-clients.ts';
import type { SlowAnswers } from '../domain/patterns/slow-answers.ts';
import type { Topic, Topics } from '../domain/patterns/topics.ts';
import type { UnusualDays } from '../domain/patterns/unusual-days.ts';
import { durationOf } from './duration.ts';
import { printable } from './printable.ts';

/** What was found, for people: a sentence, and how many observations it rests on. */
export interface PatternSentence {
  readonly pattern: keyof Patterns;
  readonly sentence: string;
  readonly observations: number;
}

/** Of a longer list, the first ones are told, and how many there are. */
const LISTED_MAX = 3;
/** More are only counted: whoever needs each of them asks for JSON. */
const CLIENTS_LISTED_MAX = 5;

/** In the order in which they are told. */
const TELLERS: { readonly [Name in keyof Patterns]: (patterns: Patterns) => string | null } = {
  peakHours: ({ peakHours }) => peakHours && tellPeakHours(peakHours),
  slowAnswers: ({ slowAnswers }) => slowAnswers && tellSlowAnswers(slowAnswers),
  unusualDays: ({ unusualDays }) => unusualDays && tellUnusualDays(unusualDays),
  topics: ({ topics }) => topics && tellTopics(topics),
  clientsAtRisk: ({ clientsAtRisk }) => clientsAtRisk && tellClientsAtRisk(clientsAtRisk),
  breakOffs: ({ breakOffs }) => breakOffs && tellBreakOffs(breakOffs),
  lengthFunnel: ({ lengthFunnel }) => lengthFunnel && tellLengths(lengthFunnel),
  returningClients: ({ returningClients }) => returningClients && tellReturning(returningClients),
  cohorts: ({ cohorts }) => cohorts && tellCohorts(cohorts),
};

/** Tells each pattern that there is enough for; what a terminal would obey is left out of it. */
export function patternSentences(patterns: Patterns): PatternSentence[] {
  return namesOfPatterns().flatMap((pattern) => {
    const sentence = TELLERS[pattern](patterns);
    if (sentence === null) return [];
    const observations = patterns[pattern]?.observations ?? 0;
    return [{ pattern, sentence: printable(sentence), observations }];
  });
}

/** Those for which there is too little. */
export function patternsWithout(patterns: Patterns): (keyof Patterns)[] {
  return namesOfPatterns().filter((pattern) => patterns[pattern] === null);
}

const namesOfPatterns = () => Object.keys(TELLERS) as (keyof Patterns)[];

function tellPeakHours({ peaks }: PeakHours): string {
  if (peaks.length === 0) return 'Clients write at no hour of the week far more than on average.';
  const hours = peaks.map((peak) => `${hourOf(peak)} (${peak.ratio.toFixed(1)} times the average)`);
  return `Clients write most on ${listed(hours)}.`;
}

function tellSlowAnswers({ p50Ms, p90Ms, slowMs, slow, tested, hours }: SlowAnswers): string {
  const usual = `Half of all answers come within ${durationOf(p50Ms)}, nine in ten within ${durationOf(p90Ms)}`;
  if (tested === 0) return `${usual}; there are too few to compare hours of the week.`;
  if (hours.length === 0) return `${usual}; at no hour of the week are they slower than else.`;
  const slowest = hours.map((hour) => `${hourOf(hour)} (${percent(hour.slow.share)})`);
  return `${usual}; ${percent(slow.share)} take over ${durationOf(slowMs)}, but more on ${listed(slowest)}.`;
}

function tellUnusualDays({ days }: UnusualDays): string {
  if (days.length === 0) return 'No day stood out.';
  const what = { messages: 'messages of clients', conversations: 'new conversations' } as const;
  const told = days.map(
    ({ day, series, count, usual }) =>
      `${day} had ${count} ${what[series]}, where ${usual} are usual`,
  );
  return `${listed(told)}.`;
}

function tellTopics({ tested, topics }: Topics): string {
  if (topics.length === 0) return 'No topic recurs.';
  const most = topics.map((topic) => `${nameOf(topic)} (${percent(topic.share.share)})`);
  const rising = topics.filter(({ trend }) => trend?.direction === 'rising').map(tellTrend);
  const none = tested === 0 ? 'it is too early to see what is rising' : 'none is rising';
  const trends = rising.length > 0 ? `; rising: ${listed(rising)}` : `; ${none}`;
  return `Clients write most about ${listed(most)}${trends}.`;
}

const nameOf = ({ tags }: Topic) => tags.slice(0, LISTED_MAX).join(' / ');

function tellTrend(topic: Topic): string {
  const { before = 0, after = 0 } = topic.trend ?? {};
  return `${nameOf(topic)} from ${percent(before)} to ${percent(after)}`;
}

function tellClientsAtRisk({ clients, ...tested }: ClientsAtRisk): string {
  const told =
    clients.length === 0
      ? 'No client seems to be at risk'
      : `Somebody should call ${listed(clients.map(tellClient), CLIENTS_LISTED_MAX)}`;
  const untested = [
    ...(tested.fallingSentimentTested === null ? ['falling moods'] : []),
    ...(tested.repeatedContactTested === null ? ['repeated contact'] : []),
  ];
  return untested.length === 0
    ? `${told}.`
    : `${told}; of ${listed(untested)} too little is known.`;
}

function tellClient({ clientId, fallingSentiment, repeatedContact }: ClientAtRisk): string {
  const reasons = [
    fallingSentiment &&
      `mood fell by ${fallingSentiment.fall.toFixed(1)} over ${fallingSentiment.summaries} conversations`,
    repeatedContact && `${repeatedContact.conversations} conversations in seven days`,
  ];
  return `${clientId} (${reasons.filter(Boolean).join(', ')})`;
}

function tellBreakOffs({ unanswered, tested, lengths }: BreakOffs): string {
  const last = `In ${percent(unanswered.share)} of conversations the client spoke last`;
  if (tested === 0) return `${last}; too few get far enough to compare where they break off.`;
  if (lengths.length === 0) return `${last}; they break off at no length more than at others.`;
  const told = lengths.map(
    ({ messages, ended }) =>
      `${messages} messages (${percent(ended.share)} of those that get there)`,
  );
  return `${last}; many break off after ${listed(told)}.`;
}

function tellLengths({ steps }: LengthFunnel): string {
  const told = steps
    .slice(1)
    .map(({ messages, reached }) => `${messages} (${percent(reached.share)})`);
  return told.length > 0
    ? `Conversations reach so many messages: ${told.join(', ')}.`
    : 'No conversation has more than one message.';
}

function tellReturning(found: ReturningClients): string {
  const each = found.conversationsPerClient.toFixed(1);
  return `${percent(found.again.share)} of clients come again, ${percent(found.inAnotherWeek.share)} in another week; ${each} conversations each.`;
}

function tellCohorts({ tested, cohorts }: Cohorts): string {
  if (tested === 0) return 'New clients came in too few weeks to tell whether they return alike.';
  const apart = cohorts.flatMap(({ week, standsOut }) =>
    standsOut
      ? [`${standsOut.direction === 'higher' ? 'more' : 'fewer'} of the week of ${week}`]
      : [],
  );
  if (apart.length === 0) return 'New clients of all weeks return alike.';
  return `Of new clients, ${listed(apart)} return than of other weeks.`;
}

const WEEKDAYS = [
  'Mondays',
  'Tuesdays',
  'Wednesdays',
  'Thursdays',
  'Fridays',
  'Saturdays',
  'Sundays',
];

const hourOf = ({ weekday, hour }: { weekday: number; hour: number }) =>
  `${WEEKDAYS[weekday - 1]} at ${hour}:00`;

const percent = (share: number) => `${Math.round(share * 100)} %`;

function listed(items: readonly string[], max = LISTED_MAX): string {
  const more = items.length - max;
  return items.slice(0, max).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
