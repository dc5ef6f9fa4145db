import { Writable } from 'node:stream';
import { Queue } from 'bullmq';
import { pino } from 'pino';
import { inject, onTestFinished } from 'vitest';
import { openAskingConnection, openWorkingConnection } from '../../queues/connection.ts';
import { type QueueName, queuePrefixOf } from '../../queues/index.ts';
import { openInspector } from '../../queues/inspect.ts';
import { type Fleet, type FleetOptions, type JobEvent, openFleet } from '../../workers/fleet.ts';
import { builtInSummarizer } from '../../summaries/built-in/summarize.ts';
import type { Deps } from '../../workers/index.ts';

let benches = 0;

/**
 * A queue of its own for one test, and Fleets with whatever hands the test gives them. Everything is
 * closed when the test has finished.
 */
export function openBench(given: { keyPrefix?: string } = {}) {
  const url = inject('serverUrls').QUEUE_REDIS_URL;
  const prefix = queuePrefixOf(given.keyPrefix ?? `bench_${process.pid}_${(benches += 1)}`);
  const asking = openAskingConnection(url);
  const working = openWorkingConnection(url);
  const inspector = openInspector(asking, prefix);
  const queues = new Map<QueueName, Queue>();
  const fleets: Fleet[] = [];
  const events: JobEvent[] = [];
  const lines: string[] = [];

  onTestFinished(async () => {
    await Promise.all(fleets.map((fleet) => fleet.drain(1_000)));
    await inspector.close();
    for (const queue of queues.values()) await queue.close();
    asking.disconnect();
    working.disconnect();
  });

  return {
    prefix,
    inspector,
    events,
    /** What the Fleets logged, one JSON text a line. */
    lines,
    outcomes: () => events.map(({ outcome }) => outcome),
    /** As a client in another language sees it: BullMQ's own, knowing nothing of contracts. */
    foreignQueue(name: QueueName): Queue {
      const known = queues.get(name);
      if (known) return known;
      const queue = new Queue(name, { connection: working, prefix });
      queues.set(name, queue);
      return queue;
    },
    openFleet(deps: Partial<Deps>, holdRun: FleetOptions['holdRun'] = holdNothing): Fleet {
      const log = pino({ level: 'debug' }, collect(lines));
      const fleet = openFleet({
        connection: working,
        prefix,
        deps: { ...IDLE, ...deps },
        holdRun,
        log,
        observe: (event) => void events.push(event),
      });
      fleets.push(fleet);
      return fleet;
    },
  };
}

export type Bench = ReturnType<typeof openBench>;

const IDLE: Deps = {
  storeMessages: async (messages) => messages.map(() => ({ outcome: 'duplicate' })),
  warmConversation: async () => {},
  countRefused: () => {},
  countLater: async () => {},
  recount: async () => ({ conversations: 0 }),
  findUncounted: async function* () {},
  recountLater: async () => {},
  noteWasted: async () => {},
  arePatternsJustFound: async () => false,
  noteSummaryFailure: async () => {},
  keepPatterns: async () => {},
  findWantedPatterns: async () => [],
  findPatternsLater: async () => {},
  readRecentPage: async () => {},
  getActiveConversations: async () => [],
  findRipe: async () => [],
  archiveLater: async () => {},
  removeRetired: async () => {},
  archive: async () => ({ moved: 0 }),
  cleanCache: async () => ({ dropped: 0 }),
  summarizer: builtInSummarizer,
  findDueSummaries: async function* () {},
  summarizeLater: async () => {},
  readSummary: async () => null,
  findMessages: async () => ({ messages: [], before: null, after: null }),
  tokensLeft: async () => Infinity,
  keepSummary: async () => true,
  now: Date.now,
  random: Math.random,
};

/** Where no test is about the schedule. */
const holdNothing: FleetOptions['holdRun'] = async (_run, { work, signal }) => {
  await work(signal);
  return 'taken';
};

function collect(lines: string[]): Writable {
  return new Writable({
    write(chunk: Buffer, _, done) {
      lines.push(chunk.toString());
      done();
    },
  });
}
