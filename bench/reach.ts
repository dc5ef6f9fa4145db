import { setTimeout as pause } from 'node:timers/promises';
import { quantile } from '../bin/quantile.ts';
import { newMessageId } from '../domain/message-id.ts';
import { openWiring, type Wiring } from '../wiring.ts';
import { figureOf, report } from './figures.ts';
import { type BenchHouse, openBenchHouse } from './house.ts';
import { requestBytes } from './http-client.ts';
import { conversationIdOf, makeHistory, makeLoad } from './load.ts';
import { type MemoryUse, watchMemory } from './memory.ts';
import { type ConnectionPool, happenAtRandom, openPool } from './open-loop.ts';
import { type BenchServer, startDashboard } from './processes.ts';
import { type BenchFlags, readFlags, repeat } from './rounds.ts';
import { storeHistory } from './store-history.ts';

/**
 * Does the whole of it hold when 10,000 conversations write and read at once? One HTTP process and
 * one Fleet process, at 2,000 messages a second that come whether or not those before them are done
 * (an open loop), while pages are read and some of the writers wait to see what they wrote.
 * Afterwards everything is read back: a figure of messages that got lost would be none.
 *
 * A call brings messages of a few conversations, as a gateway gathers them that serves a company: on
 * two cores that the client and three servers share, single calls would measure the client.
 */

const HELP = `./scripts.sh bench reach [--rounds N] [--seconds N] [--json]

Measures, with 10,000 conversations open and 2,000 messages a second coming over HTTP:
  accept_…    from the moment a call should go out until its 202
  visible_…   from the 202 until a page, asked for again and again, shows the message
  page_…      a page that anybody reads
  …_memory_…  of the processes; lost, twice, altered: what is wrong with what was read back

  --rounds N    rounds, at least 1 (default 1)
  --seconds N   how long a round is (default 60)
  --json        the figures as one JSON object on the last line`;

const COMPANY = 'netpitanga';
const CONVERSATIONS = 10_000;
const TURNS_BEFORE = 20;
const MESSAGES_PER_SECOND = 2_000;
const MESSAGES_PER_CALL = 5;
const PAGES_PER_SECOND = 400;
/** One call of so many waits until its first message is visible. */
const WATCHED_OF_CALLS = 10;
const POLL_MS = 2;
const VISIBLE_MS_MAX = 10_000;
const DRAIN_MS_MAX = 60_000;
const WRITERS = 64;
const READERS = 64;

const flags = readFlags(HELP, { rounds: 1, seconds: 60 });
if (flags) await main(flags);

async function main({ rounds, seconds, isJson }: BenchFlags): Promise<void> {
  const house = await openBenchHouse({ fleetProcesses: 1 });
  const wiring = openWiring(house.config);
  const server = await startDashboard(house.env);
  try {
    const shape = {
      companyId: COMPANY,
      conversations: CONVERSATIONS,
      turnsOf: () => TURNS_BEFORE,
    };
    await storeHistory(wiring, makeHistory(shape, Date.now()));
    await house.persist.resume();
    const open = { house, wiring, server, token: await house.makeKey(COMPANY) };
    await measureRound({ ...open, seconds: Math.min(seconds, 10) }); // Not counted: it warms up.
    const measured = await repeat(rounds, () => measureRound({ ...open, seconds }));
    await report({
      bench: 'reach',
      figures: figuresOf(measured),
      conditions: {
        rounds,
        seconds,
        conversations: CONVERSATIONS,
        messagesPerSecond: MESSAGES_PER_SECOND,
        messagesPerCall: MESSAGES_PER_CALL,
        pagesPerSecond: PAGES_PER_SECOND,
        watchedOfCalls: WATCHED_OF_CALLS,
        memory: measured.at(-1)?.memory,
        ...(await house.conditions()),
      },
      isJson,
    });
  } finally {
    await server.stop();
    await wiring.close();
    await house.close();
  }
}

interface Open {
  readonly house: BenchHouse;
  readonly wiring: Wiring;
  readonly server: BenchServer;
  readonly token: string;
  readonly seconds: number;
}

interface Times {
  readonly acceptMs: number[];
  readonly visibleMs: number[];
  readonly pageMs: number[];
}

/** What was handed over: contents by message id. */
type Sent = Map<string, string>;

type Round = Awaited<ReturnType<typeof measureRound>>;

async function measureRound(open: Open) {
  const { house, server, seconds } = open;
  const times: Times = { acceptMs: [], visibleMs: [], pageMs: [] };
  const writers = await openPool(server.url, WRITERS);
  const readers = await openPool(server.url, READERS);
  const memory = watchMemory({ http: server.pid, ...(await house.pids()) });
  const sent: Sent = new Map();
  const call = callMaker(open, sent);

  await Promise.all([
    happenAtRandom({
      perSecond: MESSAGES_PER_SECOND / MESSAGES_PER_CALL,
      seconds,
      act: (intendedAt) => write(call(), { writers, readers, times, intendedAt }),
    }),
    happenAtRandom({
      perSecond: PAGES_PER_SECOND,
      seconds,
      act: (intendedAt) => readPage(randomPage(open.token), { readers, times, intendedAt }),
    }),
  ]);
  writers.close();
  readers.close();
  await untilDrained(house);
  const uses = memory.stop();
  return { ...quantilesOf(times), ...(await compare(open, sent)), memory: uses };
}

interface Call {
  readonly bytes: Buffer;
  /** The page that shows its first message, and the id to look for. */
  readonly page: Buffer;
  readonly messageId: string;
  readonly isWatched: boolean;
}

/** Writes down what each call brings before it goes out. */
function callMaker({ token, seconds }: Open, sent: Sent): () => Call {
  const texts = makeLoad(Math.ceil(MESSAGES_PER_SECOND * Math.min(seconds, 10)), Date.now());
  let calls = 0;
  return () => {
    const messages = Array.from({ length: MESSAGES_PER_CALL }, (_, at) => {
      const { role, content } = texts[(calls * MESSAGES_PER_CALL + at) % texts.length] ?? {
        role: 'user',
        content: '',
      };
      const number = randomNumber();
      const message = {
        messageId: newMessageId(),
        clientId: `client-${number % 5_000}`,
        conversationId: conversationIdOf(number),
        role,
        content,
      };
      sent.set(message.messageId, content);
      return message;
    });
    const [first] = messages;
    if (!first) throw new Error('a call without messages');
    return {
      bytes: requestBytes({ method: 'POST', path: '/messages', token, body: messages }),
      page: pageOf(first.conversationId, token),
      messageId: first.messageId,
      isWatched: (calls += 1) % WATCHED_OF_CALLS === 0,
    };
  };
}

function randomNumber(): number {
  return 1 + Math.floor(Math.random() * CONVERSATIONS);
}

function randomPage(token: string): Buffer {
  return pageOf(conversationIdOf(randomNumber()), token);
}

function pageOf(conversationId: string, token: string): Buffer {
  const path = `/messages/conversations/${conversationId}/messages`;
  return requestBytes({ method: 'GET', path, token });
}

async function write(
  call: Call,
  to: { writers: ConnectionPool; readers: ConnectionPool; times: Times; intendedAt: number },
): Promise<void> {
  const { status, body } = await to.writers.exchange(call.bytes);
  if (status !== 202) throw new Error(`not accepted: ${status} ${body.toString()}`);
  const acceptedAt = performance.now();
  to.times.acceptMs.push(acceptedAt - to.intendedAt);
  if (!call.isWatched) return;
  await untilVisible(call, to.readers);
  to.times.visibleMs.push(performance.now() - acceptedAt);
}

async function untilVisible({ page, messageId }: Call, readers: ConnectionPool): Promise<void> {
  const dueAt = performance.now() + VISIBLE_MS_MAX;
  while (performance.now() < dueAt) {
    const { body } = await readers.exchange(page);
    if (body.includes(messageId)) return;
    await pause(POLL_MS);
  }
  throw new Error(`a message is not visible after ${VISIBLE_MS_MAX} ms`);
}

async function readPage(
  page: Buffer,
  from: { readers: ConnectionPool; times: Times; intendedAt: number },
): Promise<void> {
  const { status } = await from.readers.exchange(page);
  if (status !== 200) throw new Error(`a page was refused: ${status}`);
  from.times.pageMs.push(performance.now() - from.intendedAt);
}

async function untilDrained({ persist }: BenchHouse): Promise<void> {
  const dueAt = performance.now() + DRAIN_MS_MAX;
  for (;;) {
    const counts = await persist.getJobCounts('waiting', 'active', 'delayed', 'failed');
    if (Object.values(counts).every((count) => count === 0)) return;
    if (performance.now() > dueAt) throw new Error(`jobs are left: ${JSON.stringify(counts)}`);
    await pause(50);
  }
}

/** Goes through all pages of the Company, from the last one back to where the round began. */
async function compare({ wiring }: Open, sent: Sent) {
  const counts = { sent: sent.size, lost: 0, twice: 0, altered: 0 };
  const seen = new Set<string>();
  let before: string | undefined;
  do {
    const page = await wiring.findMessages({ companyId: COMPANY, limit: 500, before });
    for (const { messageId, content } of page.messages) {
      if (seen.has(messageId)) counts.twice += 1;
      seen.add(messageId);
      if ((sent.get(messageId) ?? content) !== content) counts.altered += 1;
    }
    before = page.before ?? undefined;
  } while (before !== undefined);
  for (const messageId of sent.keys()) if (!seen.has(messageId)) counts.lost += 1;
  return counts;
}

function quantilesOf({ acceptMs, visibleMs, pageMs }: Times) {
  return {
    acceptP50: quantile(acceptMs, 0.5),
    acceptP99: quantile(acceptMs, 0.99),
    visibleP50: quantile(visibleMs, 0.5),
    visibleP99: quantile(visibleMs, 0.99),
    pageP50: quantile(pageMs, 0.5),
    pageP99: quantile(pageMs, 0.99),
  };
}

function figuresOf(rounds: readonly Round[]) {
  const ms = (of: (round: Round) => number, atMost?: number) =>
    figureOf(rounds.map(of), 'ms', atMost === undefined ? null : { atMost });
  const count = (of: (round: Round) => number) =>
    figureOf(rounds.map(of), 'messages', { atMost: 0 });
  const memory = (name: 'http' | 'fleet', of: keyof MemoryUse) =>
    figureOf(
      rounds.map((round) => round.memory[name][of]),
      of === 'mibPerMinute' ? 'MiB/min' : 'MiB',
    );
  return {
    visible_p99_ms: ms((round) => round.visibleP99, 50),
    visible_p50_ms: ms((round) => round.visibleP50),
    accept_p50_ms: ms((round) => round.acceptP50),
    accept_p99_ms: ms((round) => round.acceptP99),
    page_p50_ms: ms((round) => round.pageP50),
    page_p99_ms: ms((round) => round.pageP99),
    sent: figureOf(
      rounds.map((round) => round.sent),
      'messages',
    ),
    lost: count((round) => round.lost),
    twice: count((round) => round.twice),
    altered: count((round) => round.altered),
    http_memory_start: memory('http', 'startMib'),
    http_memory_max: memory('http', 'maxMib'),
    http_memory_end: memory('http', 'endMib'),
    http_memory_slope: memory('http', 'mibPerMinute'),
    fleet_memory_start: memory('fleet', 'startMib'),
    fleet_memory_max: memory('fleet', 'maxMib'),
    fleet_memory_end: memory('fleet', 'endMib'),
    fleet_memory_slope: memory('fleet', 'mibPerMinute'),
  };
}
