import { describe, expect, it } from 'vitest';
import { durationOf } from '../../bin/duration.ts';
import { patternSentences } from '../../bin/pattern-sentences.ts';
import { showPatterns } from '../../bin/show-patterns.ts';
import type { Patterns } from '../../domain/patterns/patterns.ts';

const NOTHING: Patterns = {
  peakHours: null,
  lengthFunnel: null,
  breakOffs: null,
  returningClients: null,
  cohorts: null,
  slowAnswers: null,
  topics: null,
  clientsAtRisk: null,
  unusualDays: null,
};
const share = (value: number) => ({ share: value, low: value, high: value });
const monday = { weekday: 1, hour: 10, messages: 8 };

const sentencesOf = (patterns: Partial<Patterns>) =>
  patternSentences({ ...NOTHING, ...patterns }).map(({ sentence }) => sentence);

/** Patterns in which nothing stands out, of so many that were tested. */
function allWithout(tested: number): Partial<Patterns> {
  const slow = { slowMs: 2_000, slow: share(0.1), tested, hours: [] };
  const topic = { tags: ['pix'], conversations: 9, share: share(0.2), trend: null, examples: [] };
  const ends = { unanswered: share(0.4), afterBot: share(0.6), tested, lengths: [] };
  return {
    slowAnswers: { observations: 200, p50Ms: 1_000, p90Ms: 2_000, p99Ms: 3_000, ...slow },
    topics: { observations: 50, tested, topics: [topic] },
    breakOffs: { observations: 100, ...ends },
    cohorts: { observations: 40, tested, cohorts: [] },
  };
}

describe('patterns in sentences', () => {
  it('tells hours by weekday, and how many more there are', () => {
    const peaks = [1, 2, 3, 4].map((weekday) => ({ ...monday, weekday, ratio: 2.04, qValue: 0 }));
    const peakHours = { observations: 900, weeks: 8, average: 4, hours: [], peaks };
    expect(sentencesOf({ peakHours })).toEqual([
      'Clients write most on Mondays at 10:00 (2.0 times the average), Tuesdays at 10:00 (2.0 times the average), Wednesdays at 10:00 (2.0 times the average) and 1 more.',
    ]);
    expect(sentencesOf({ peakHours: { ...peakHours, peaks: [] } })).toEqual([
      'Clients write at no hour of the week far more than on average.',
    ]);
  });

  it('tells when answers are slow, and what is usual', () => {
    const hours = [{ weekday: 5, hour: 14, answers: 40, slow: share(0.9), qValue: 0 }];
    const times = { p50Ms: 28_400, p90Ms: 61_000, p99Ms: 900_000, slowMs: 61_000, tested: 9 };
    const slowAnswers = { observations: 900, ...times, slow: share(0.1), hours };
    expect(sentencesOf({ slowAnswers })).toEqual([
      'Half of all answers come within 28 s, nine in ten within 1 min; 10 % take over 1 min, but more on Fridays at 14:00 (90 %).',
    ]);
  });

  it('tells a client and the reasons to call, without what a terminal would obey', () => {
    const client = {
      clientId: 'ana\u001b[2J',
      fallingSentiment: { summaries: 8, fall: 1.44, qValue: 0 },
      repeatedContact: null,
    };
    const tested = { fallingSentimentTested: 9, repeatedContactTested: 40 };
    const clientsAtRisk = { observations: 100, ...tested, clients: [client] };
    expect(sentencesOf({ clientsAtRisk })).toEqual([
      'Somebody should call ana�[2J (mood fell by 1.4 over 8 conversations).',
    ]);
  });

  it('tells what rises, and what conversations are about', () => {
    const trend = { direction: 'rising', before: 0.04, after: 0.28, qValue: 0 } as const;
    const topic = { tags: ['refund', 'pix'], conversations: 20, share: share(0.2), examples: [] };
    const topics = { observations: 100, tested: 1, topics: [{ ...topic, trend }] };
    expect(sentencesOf({ topics })).toEqual([
      'Clients write most about refund / pix (20 %); rising: refund / pix from 4 % to 28 %.',
    ]);
  });

  // A pattern that is there may still lack what its list of findings needs.
  it('does not say that nothing stands out where nothing was tested', () => {
    expect(sentencesOf(allWithout(2))).toEqual([
      'Half of all answers come within 1.0 s, nine in ten within 2.0 s; at no hour of the week are they slower than else.',
      'Clients write most about pix (20 %); none is rising.',
      'In 40 % of conversations the client spoke last; they break off at no length more than at others.',
      'New clients of all weeks return alike.',
    ]);
    expect(sentencesOf(allWithout(0))).toEqual([
      'Half of all answers come within 1.0 s, nine in ten within 2.0 s; there are too few to compare hours of the week.',
      'Clients write most about pix (20 %); it is too early to see what is rising.',
      'In 40 % of conversations the client spoke last; too few get far enough to compare where they break off.',
      'New clients came in too few weeks to tell whether they return alike.',
    ]);
  });

  it.each([
    [9, 40, 'No client seems to be at risk.'],
    [9, null, 'No client seems to be at risk; of repeated contact too little is known.'],
    [null, 40, 'No client seems to be at risk; of falling moods too little is known.'],
  ])('tells of which risk too little is known: %j, %j', (falling, repeated, sentence) => {
    const tested = { fallingSentimentTested: falling, repeatedContactTested: repeated };
    const clientsAtRisk = { observations: 100, ...tested, clients: [] };
    expect(sentencesOf({ clientsAtRisk })).toEqual([sentence]);
  });

  it('says how much each rests on, and for which there is too little', () => {
    const returningClients = {
      observations: 1_200,
      again: share(0.3),
      inAnotherWeek: share(0.25),
      conversationsPerClient: 2.36,
    };
    expect(showPatterns({ ...NOTHING, returningClients })).toBe(
      [
        '- 30 % of clients come again, 25 % in another week; 2.4 conversations each. (1,200 observations)',
        '- too little to tell: peakHours, slowAnswers, unusualDays, topics, clientsAtRisk, breakOffs, lengthFunnel, cohorts',
      ].join('\n'),
    );
  });
});

it('tells a duration in the unit in which people would', () => {
  expect(
    [0, 999, 1_000, 9_940, 28_400, 59_700, 90_000, 3_600_000, 5_400_000].map(durationOf),
  ).toEqual(['0 ms', '999 ms', '1.0 s', '9.9 s', '28 s', '1 min', '2 min', '1.0 h', '1.5 h']);
});
