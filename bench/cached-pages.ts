import { quantile } from '../bin/quantile.ts';
import type { Wiring } from '../wiring.ts';
import { askInClosedLoop, forSeconds, type Lap, latencyMs } from './closed-loop.ts';
import type { BenchHouse } from './house.ts';
import { requestBytes } from './http-client.ts';
import { conversationIdOf, makeHistory } from './load.ts';
import { type BenchServer, cpuSecondsOf, startDashboard, startYardstick } from './processes.ts';
import { storeHistory } from './store-history.ts';

/**
 * Recent pages out of the warm cache, against Express that does one GET in Redis. Both send the same
 * bytes to the same client over the same connections; both stay up, and are asked by turns.
 */

const COMPANY = 'lantern-loop';
/** All of them fit into L1, and nothing else is asked for. */
const CONVERSATIONS = 500;
/** More than a page holds. */
const MESSAGES_EACH = 60;
/** So many that the server is never idle, so few that a latency is not all queue. */
const CONNECTIONS = 16;
const FORMS = ['send', 'untagged', 'end', 'pipelined'] as const;

interface PageRequest {
  readonly bytes: Buffer;
  /** What has to come back. */
  readonly page: Buffer;
}

interface Contender {
  readonly server: BenchServer;
  readonly requests: readonly PageRequest[];
}

export interface CachedRound {
  readonly ours: CachedLap;
  readonly express: CachedLap;
}

export interface CachedLap {
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Microseconds of processor time the server took for an answer. */
  readonly cpuUs: number;
  readonly clientCores: number;
}

export async function openCachedPages(house: BenchHouse, wiring: Wiring) {
  const shape = {
    companyId: COMPANY,
    conversations: CONVERSATIONS,
    turnsOf: () => MESSAGES_EACH,
  };
  await storeHistory(wiring, makeHistory(shape, Date.now()));
  const token = await house.makeKey(COMPANY);
  const pages = await readPages(wiring);
  const ours: Contender = {
    server: await startDashboard(house.env),
    requests: pages.map((page, at) => ({
      page,
      bytes: requestBytes({ method: 'GET', path: pathOf(at + 1), token }),
    })),
  };
  // The same headers, though nobody looks at the key.
  const requests = pages.map((page, at) => ({
    page,
    bytes: requestBytes({ method: 'GET', path: `/pages/${at}`, token }),
  }));
  const { form, server } = await startFastest(house.config.cacheRedisUrl, requests);
  const express: Contender = { server, requests };

  return {
    conditions: {
      cachedConversations: CONVERSATIONS,
      connections: CONNECTIONS,
      pageBytes: quantile(
        pages.map((page) => page.length),
        0.5,
      ),
      expressForm: form,
    },
    /** Warms both up: code is compiled as it runs, pages come into L1. */
    async warmUp(seconds: number): Promise<void> {
      for (const one of [ours, express]) await timeLap(one, seconds);
    },
    /** Each twice, in the order A B B A, so that a machine that slows down slows both. */
    async measure(seconds: number): Promise<CachedRound> {
      const first = await timeLap(ours, seconds / 2);
      const yardstick = [await timeLap(express, seconds / 2), await timeLap(express, seconds / 2)];
      const second = await timeLap(ours, seconds / 2);
      return { ours: together([first, second]), express: together(yardstick) };
    },
    async close(): Promise<void> {
      await Promise.all([ours.server.stop(), express.server.stop()]);
    },
  };
}

const pathOf = (number: number) => `/messages/conversations/${conversationIdOf(number)}/messages`;

/** Into the cache, and beside it for the yardstick. */
async function readPages(wiring: Wiring): Promise<Buffer[]> {
  const pages: Buffer[] = [];
  for (let number = 1; number <= CONVERSATIONS; number += 1) {
    const conversationId = conversationIdOf(number);
    const { bytes } = await wiring.readRecentBytes({ companyId: COMPANY, conversationId });
    await wiring.volatile.connection.set(`yardstick:${number - 1}`, bytes);
    pages.push(bytes);
  }
  return pages;
}

async function startFastest(redisUrl: string, requests: readonly PageRequest[]) {
  const contenders = await Promise.all(
    FORMS.map(async (form) => {
      return { form, server: await startYardstick('express-get.ts', [redisUrl, form]), rate: 0 };
    }),
  );
  const order = [...contenders, ...contenders.toReversed(), ...contenders];
  for (const [at, one] of order.entries()) {
    const { lap } = await timeLap({ server: one.server, requests }, 1);
    if (at >= FORMS.length) one.rate += lap.rate; // Before that, its code was being compiled.
  }
  const [fastest, ...others] = contenders.toSorted((a, b) => b.rate - a.rate);
  for (const { server } of others) await server.stop();
  if (!fastest) throw new Error('there is no form of the yardstick');
  return fastest;
}

interface TimedLap {
  readonly lap: Lap<PageRequest>;
  readonly cpuSeconds: number;
}

async function timeLap({ server, requests }: Contender, seconds: number): Promise<TimedLap> {
  const before = await cpuSecondsOf(server.pid);
  const lap = await askInClosedLoop({
    url: server.url,
    connections: CONNECTIONS,
    requests: forSeconds(seconds, requests),
    check({ status, body }, { page }) {
      if (status === 200 && body.equals(page)) return;
      throw new Error(`not the page that was asked for: ${status} with ${body.length} bytes`);
    },
  });
  return { lap, cpuSeconds: (await cpuSecondsOf(server.pid)) - before };
}

function together(timed: readonly TimedLap[]): CachedLap {
  const laps = timed.map(({ lap }) => lap);
  const mean = (of: (lap: Lap<PageRequest>) => number) =>
    laps.reduce((sum, lap) => sum + of(lap), 0) / laps.length;
  const answers = laps.flatMap((lap) => lap.answers);
  const cpuSeconds = timed.reduce((sum, one) => sum + one.cpuSeconds, 0);
  return {
    rate: mean((lap) => lap.rate),
    p50Ms: latencyMs(answers, 0.5),
    p99Ms: latencyMs(answers, 0.99),
    cpuUs: (cpuSeconds / answers.length) * 1e6,
    clientCores: mean((lap) => lap.clientCores),
  };
}
