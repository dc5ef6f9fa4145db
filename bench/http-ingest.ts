import { Queue } from 'bullmq';
import { openWorkingConnection } from '../queues/connection.ts';
import { queuePrefixOf } from '../queues/index.ts';
import { askInClosedLoop, forSeconds, latencyMs } from './closed-loop.ts';
import { figureOf, report } from './figures.ts';
import { type BenchHouse, openBenchHouse } from './house.ts';
import { type Exchange, requestBytes } from './http-client.ts';
import { makeLoad } from './load.ts';
import { type BenchServer, startDashboard, startYardstick } from './processes.ts';
import { type BenchFlags, readFlags, repeat } from './rounds.ts';

/**
 * What does it cost to hand messages over through HTTP, checked and with a key, one in a call or a
 * hundred? Against Express that only adds a BullMQ job: the same bodies over the same connections
 * into the same Redis, which writes each job to disk before it answers. No Fleet takes them out.
 */

const HELP = `./scripts.sh bench http-ingest [--rounds N] [--seconds N] [--json]

Measures POST /messages ÷ Express adding a BullMQ job of the same body, in the same round:
  single_ratio   msgs/s, one message in a call
  many_ratio     msgs/s, 100 messages in a call

  --rounds N    rounds, at least 1 (default 7)
  --seconds N   of asking each in a round, for each of the two (default 4)
  --json        the figures as one JSON object on the last line`;

const COMPANY = 'lantern-loop';
/** Different bodies; after that they come again, with new ids: nobody but us gives them any. */
const BODIES = 500;
const SHAPES = {
  single: { messagesPerCall: 1, connections: 64 },
  many: { messagesPerCall: 100, connections: 8 },
} as const;
type Shape = keyof typeof SHAPES;

interface Call {
  readonly bytes: Buffer;
}

interface Contender {
  readonly server: BenchServer;
  readonly calls: Readonly<Record<Shape, readonly Call[]>>;
}

interface Lap {
  readonly msgsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
}

type Round = Record<Shape, { ours: Lap; express: Lap }>;

const flags = readFlags(HELP, { rounds: 7, seconds: 4 });
if (flags) await main(flags);

async function main({ rounds, seconds, isJson }: BenchFlags): Promise<void> {
  const house = await openBenchHouse({ fleetProcesses: 0 });
  const contenders = await openContenders(house);
  try {
    await measureRound(contenders, seconds); // Not counted: code is compiled as it runs.
    const measured = await repeat(rounds, () => measureRound(contenders, seconds));
    await report({
      bench: 'http-ingest',
      figures: { ...figuresOf('single', measured), ...figuresOf('many', measured) },
      conditions: { rounds, seconds, ...SHAPES, ...(await house.conditions()) },
      isJson,
    });
  } finally {
    await contenders.close();
    await house.close();
  }
}

type Contenders = Awaited<ReturnType<typeof openContenders>>;

async function openContenders(house: BenchHouse) {
  const { queueRedisUrl, keyPrefix } = house.config;
  const prefix = queuePrefixOf(keyPrefix);
  const calls = callsWith(await house.makeKey(COMPANY));
  const connection = openWorkingConnection(queueRedisUrl);
  const yardstick = new Queue('yardstick', { connection, prefix });
  const ours: Contender = { server: await startDashboard(house.env), calls };
  const args = [queueRedisUrl, prefix];
  const express: Contender = { server: await startYardstick('express-enqueue.ts', args), calls };
  return {
    ours,
    express,
    /** So that no lap finds a larger Redis than another. */
    emptyQueues: () => Promise.all([house.persist.drain(), yardstick.drain()]),
    async close(): Promise<void> {
      await Promise.all([ours.server.stop(), express.server.stop()]);
      await yardstick.close();
      connection.disconnect();
    },
  };
}

function callsWith(token: string): Contender['calls'] {
  const perCall = SHAPES.many.messagesPerCall;
  const messages = makeLoad(BODIES * perCall, Date.now()).map(
    ({ clientId, conversationId, role, content }) => {
      return { clientId, conversationId, role, content };
    },
  );
  const call = (body: unknown) => {
    return { bytes: requestBytes({ method: 'POST', path: '/messages', token, body }) };
  };
  const starts = Array.from({ length: BODIES }, (_, at) => at * perCall);
  return {
    single: messages.slice(0, BODIES).map(call),
    many: starts.map((start) => call(messages.slice(start, start + perCall))),
  };
}

async function measureRound(contenders: Contenders, seconds: number): Promise<Round> {
  return {
    single: await measureShape(contenders, 'single', seconds),
    many: await measureShape(contenders, 'many', seconds),
  };
}

/** In the order A B B A, so that a machine that slows down slows both. */
async function measureShape(contenders: Contenders, shape: Shape, seconds: number) {
  const { ours, express, emptyQueues } = contenders;
  const laps = new Map<Contender, Awaited<ReturnType<typeof timeLap>>[]>();
  for (const one of [ours, express, express, ours]) {
    laps.set(one, [...(laps.get(one) ?? []), await timeLap(one, shape, seconds / 2)]);
    await emptyQueues();
  }
  const together = (one: Contender): Lap => {
    const both = laps.get(one) ?? [];
    const answers = both.flatMap((lap) => lap.answers);
    const rate = both.reduce((sum, lap) => sum + lap.rate, 0) / both.length;
    const msgsPerSecond = rate * SHAPES[shape].messagesPerCall;
    return { msgsPerSecond, p50: latencyMs(answers, 0.5), p99: latencyMs(answers, 0.99) };
  };
  return { ours: together(ours), express: together(express) };
}

function timeLap({ server, calls }: Contender, shape: Shape, seconds: number) {
  return askInClosedLoop({
    url: server.url,
    connections: SHAPES[shape].connections,
    requests: forSeconds(seconds, calls[shape]),
    check: expectAccepted,
  });
}

function expectAccepted({ status, body }: Exchange): void {
  if (status !== 202) throw new Error(`not accepted: ${status} ${body.toString()}`);
}

function figuresOf(shape: Shape, rounds: readonly Round[]) {
  const of = (value: (round: Round[Shape]) => number) => rounds.map((round) => value(round[shape]));
  return {
    [`${shape}_ratio`]: figureOf(
      of(({ ours, express }) => ours.msgsPerSecond / express.msgsPerSecond),
      'ratio',
    ),
    [`${shape}_p99_ratio`]: figureOf(
      of(({ ours, express }) => ours.p99 / express.p99),
      'ratio',
    ),
    [`${shape}_msgs_per_s`]: figureOf(
      of(({ ours }) => ours.msgsPerSecond),
      'msgs/s',
    ),
    [`express_${shape}_msgs_per_s`]: figureOf(
      of(({ express }) => express.msgsPerSecond),
      'msgs/s',
    ),
    [`${shape}_p50_ms`]: figureOf(
      of(({ ours }) => ours.p50),
      'ms',
    ),
    [`${shape}_p99_ms`]: figureOf(
      of(({ ours }) => ours.p99),
      'ms',
    ),
    [`express_${shape}_p99_ms`]: figureOf(
      of(({ express }) => express.p99),
      'ms',
    ),
  };
}
