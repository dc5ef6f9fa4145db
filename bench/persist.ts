import { parseArgs } from 'node:util';
import type { Queue } from 'bullmq';
import type { Message } from '../domain/message.ts';
import { openProducer, type Producer } from '../queues/producer.ts';
import { timeDrain } from './drain.ts';
import { figureOf, report } from './figures.ts';
import { type BenchHouse, openBenchHouse } from './house.ts';
import { makeLoad, renewed } from './load.ts';
import { openPlainInsert, plainRows } from './plain-insert.ts';

/**
 * How much of what BullMQ and MySQL can do is left when every message is kept as promised? Three
 * ratios (design §9); in each round a yardstick runs right beside what is held against it.
 */

const HELP = `./scripts.sh bench persist [--rounds N] [--json]

Measures, each against its yardstick in the same round:
  one_per_job   draining jobs of one message     ÷ a BullMQ worker that does nothing
  batched       draining the producer's batches  ÷ plain multi-row INSERT, one connection
  end_to_end    producer and fleet at once       ÷ the same INSERT

  --rounds N    rounds, at least 1 (default 5)
  --json        the figures as one JSON object on the last line`;

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const SINGLE_JOBS = 30_000;
const BATCHED_MESSAGES = 150_000;
const say = (line: string) => void process.stderr.write(`${line}\n`);

if (flags.help) process.stdout.write(`${HELP}\n`);
else await main(Math.max(1, Number(flags.rounds) || 5));

async function main(rounds: number): Promise<void> {
  const house = await openBenchHouse({ fleetProcesses: 1 });
  const insert = await openPlainInsert(house.config.mysqlUrl);
  const load = makeLoad(BATCHED_MESSAGES, Date.now() - BATCHED_MESSAGES);
  try {
    const tuned = await tune(house, insert, load);
    say(`yardsticks tuned: ${JSON.stringify(tuned)}`);
    const noop = await house.openNoopWorker(tuned.noopConcurrency);
    const round = (nth: number) =>
      measureRound({ house, insert, load, tuned, isReversed: nth % 2 === 0 });
    await round(0); // Not counted: the Fleet's code is compiled as it runs, the yardsticks are warm.
    const measured: Measured[] = [];
    for (let nth = 1; nth <= rounds; nth += 1) {
      const one = await round(nth);
      say(`round ${nth} of ${rounds}: ${JSON.stringify(one)}`);
      measured.push(one);
    }
    await noop.close();
    const conditions = { rounds, tuned, ...(await house.conditions()) };
    await report({
      bench: 'persist',
      figures: figuresOf(measured),
      conditions,
      isJson: flags.json,
    });
  } finally {
    await insert.close();
    await house.close();
  }
}

type PlainInsert = Awaited<ReturnType<typeof openPlainInsert>>;

interface Tuned {
  readonly noopConcurrency: number;
  readonly rowsPerStatement: number;
}

/** The yardsticks get the setting that is best for them, on this machine. */
async function tune(house: BenchHouse, insert: PlainInsert, load: Message[]): Promise<Tuned> {
  const noopConcurrency = await best([100, 200, 500, 1_000], async (concurrency) => {
    const worker = await house.openNoopWorker(concurrency);
    await fill(house.noop, load.slice(0, 10_000));
    const rate = await timeDrain(house.noop);
    await worker.close();
    return rate;
  });
  const rows = plainRows(load.slice(0, 50_000));
  const rowsPerStatement = await best([500, 1_000, 2_000], (count) => insert.time(rows, count));
  return { noopConcurrency, rowsPerStatement };
}

async function best(choices: number[], measure: (choice: number) => Promise<number>) {
  let found = { choice: 0, rate: 0 };
  for (const choice of choices) {
    const rate = await measure(choice);
    if (rate > found.rate) found = { choice, rate };
  }
  return found.choice;
}

interface Measured {
  noop: number;
  onePerJob: number;
  insert: number;
  batched: number;
  endToEnd: number;
}

/** Messages (or jobs, or rows) a second, one after the other, so that nothing disturbs the rest. */
async function measureRound(options: {
  house: BenchHouse;
  insert: PlainInsert;
  load: Message[];
  tuned: Tuned;
  isReversed: boolean;
}): Promise<Measured> {
  const { house, insert, load, tuned } = options;
  const measured: Measured = { noop: 0, onePerJob: 0, insert: 0, batched: 0, endToEnd: 0 };
  const single = load.slice(0, SINGLE_JOBS);
  const steps: (() => Promise<void>)[] = [
    async () => {
      await fill(house.noop, single);
      measured.noop = await timeDrain(house.noop);
    },
    async () => {
      await house.clear();
      await fill(house.persist, renewed(single));
      measured.onePerJob = await timeDrain(house.persist);
      await expectStored(house, single.length);
    },
    async () => {
      measured.insert = await insert.time(plainRows(renewed(load)), tuned.rowsPerStatement);
    },
    async () => {
      await house.clear();
      measured.batched = await timeBatched(house, renewed(load));
      await expectStored(house, load.length);
    },
    async () => {
      await house.clear();
      measured.endToEnd = await timeEndToEnd(house, renewed(load));
      await expectStored(house, load.length);
    },
  ];
  // What is measured first may find a quieter machine: the order turns around every round.
  for (const step of options.isReversed ? steps.toReversed() : steps) await step();
  return measured;
}

/** Fills a paused queue with one Message per job. */
async function fill(queue: Queue, messages: readonly Message[]): Promise<void> {
  const waiting = messages.values();
  const add = async () => {
    for (const message of waiting) await queue.add(queue.name, { messages: [message] });
  };
  await Promise.all(Array.from({ length: 500 }, add));
}

async function timeBatched(house: BenchHouse, messages: readonly Message[]): Promise<number> {
  const producer = openBenchProducer(house);
  await hand(producer, messages);
  await producer.close();
  const jobs = await house.persist.getJobCountByTypes('waiting');
  return ((await timeDrain(house.persist)) * messages.length) / jobs;
}

async function timeEndToEnd(house: BenchHouse, messages: readonly Message[]): Promise<number> {
  const producer = openBenchProducer(house);
  await house.persist.resume();
  const startedAt = performance.now();
  await hand(producer, messages);
  await timeDrain(house.persist);
  const seconds = (performance.now() - startedAt) / 1_000;
  await producer.close();
  return messages.length / seconds;
}

function openBenchProducer({ config }: BenchHouse): Producer {
  const { queueRedisUrl: redisUrl, keyPrefix: prefix } = config;
  return openProducer({ redisUrl, prefix, whenUnreachable: 'wait' });
}

/** Hands over as fast as the producer takes it. */
async function hand(producer: Producer, messages: readonly Message[]): Promise<void> {
  const sliceLength = 1_000;
  const starts = Array.from({ length: Math.ceil(messages.length / sliceLength) }, (_, at) => at);
  const waiting = starts.values();
  const give = async () => {
    for (const at of waiting) {
      const slice = messages.slice(at * sliceLength, (at + 1) * sliceLength);
      const receipts = await producer.createMessages(slice);
      const refused = receipts.find((receipt) => !receipt.isAccepted);
      if (refused && !refused.isAccepted) throw refused.error;
    }
  };
  await Promise.all(Array.from({ length: 16 }, give));
}

/** A figure of messages that were not all stored would be worth nothing. */
async function expectStored(house: BenchHouse, wanted: number): Promise<void> {
  const stored = await house.countStored();
  if (stored !== wanted) throw new Error(`${stored} of ${wanted} messages are stored`);
}

function figuresOf(measured: readonly Measured[]) {
  const rate = (name: keyof Measured) =>
    figureOf(
      measured.map((one) => one[name]),
      'msgs/s',
    );
  const ratio = (of: keyof Measured, to: keyof Measured, atLeast: number) =>
    figureOf(
      measured.map((one) => one[of] / one[to]),
      'ratio',
      { atLeast },
    );
  return {
    one_per_job_ratio: ratio('onePerJob', 'noop', 0.75),
    batched_ratio: ratio('batched', 'insert', 0.9),
    end_to_end_ratio: ratio('endToEnd', 'insert', 0.6),
    one_per_job_msgs_per_s: rate('onePerJob'),
    batched_msgs_per_s: rate('batched'),
    end_to_end_msgs_per_s: rate('endToEnd'),
    noop_jobs_per_s: rate('noop'),
    plain_insert_rows_per_s: rate('insert'),
  };
}
