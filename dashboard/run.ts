import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { closeInTime, prepareServers, type Running } from '../entry.ts';
import type { NewMessage } from '../domain/message.ts';
import { openProducer, type Producer } from '../queues/producer.ts';
import { openWiring, type Wiring } from '../wiring.ts';
import { adminPages } from './admin.ts';
import { openAdminSessions } from './admin-session.ts';
import { createApp } from './app.ts';
import { openBoard } from './board.ts';
import { openFleetGauges } from './fleet-gauges.ts';
import { type HttpServer, isLoopback, openHttpServer, type Patience } from './http-server.ts';
import { type Keyring, openKeyring } from './keyring.ts';
import { openLockout } from './lockout.ts';
import { metricsPages } from './metrics-pages.ts';
import { queueUnreachable } from './problem.ts';
import { openRateLimit } from './rate-limit.ts';
import { openReadiness, type ReadinessWatch } from './readiness.ts';
import { openScheduleGauges } from './schedule-gauges.ts';

export interface RunningDashboard extends Running {
  /** http://host:port */
  readonly url: string;
}

/** Callers of HTTP wait anyway: two milliseconds gather those that come at once. */
const LINGER_MS = 2;
const ACCEPT_MS_MAX = 2_000;
const PATIENCE: Patience = { headersMs: 10_000, requestMs: 30_000 };

/**
 * Starts one HTTP process: waits for the servers and checks them, brings the schema up to date,
 * listens.
 *
 * @throws Error If a server stays away, is set to break a promise, or the port is taken.
 */
export async function runDashboard(
  config: Config,
  log: Logger,
  patience = PATIENCE,
): Promise<RunningDashboard> {
  const wiring = openWiring(config);
  try {
    await prepareServers(wiring, config, log);
    return await serve({ config, log, wiring, patience });
  } catch (error) {
    await closeInTime(wiring);
    throw error;
  }
}

async function serve(parts: {
  config: Config;
  log: Logger;
  wiring: Wiring;
  patience: Patience;
}): Promise<RunningDashboard> {
  const { config, log, wiring } = parts;
  const producer = openProducer({
    redisUrl: config.queueRedisUrl,
    prefix: config.keyPrefix,
    lingerMs: LINGER_MS,
    acceptTimeoutMs: ACCEPT_MS_MAX,
    whenUnreachable: 'refuse',
    queueJobsMax: config.queueJobsMax,
  });
  const keyring = openKeyring({ ...wiring.keys, now: Date.now });
  const readiness = openReadiness({
    queueRedis: () => wiring.queue.inspector.ping(),
    ...wiring.ping,
  });
  const app = createApp({
    deps: {
      ...wiring,
      createMessages: counted(producer, wiring.observers),
      askForSummary: orUnreachable(wiring.askForSummary),
      findPatternsLater: orUnreachable(wiring.findPatternsLater),
      now: Date.now,
      timeZone: config.timeZone,
    },
    observers: wiring.observers,
    metrics: openMetrics(parts),
    keyring,
    rateLimit: openRateLimit({
      redis: wiring.volatile.connection,
      prefix: wiring.volatile.prefix,
      requestsPerSecondMax: config.requestsPerSecondMax,
    }),
    readiness,
    admin: openAdmin(parts),
    log,
    trustedProxies: config.trustedProxies,
  });
  const at = { host: config.httpHost, port: config.httpPort };
  const server = await openHttpServer(at, app, parts.patience);
  warnIfExposed(config, log);
  log.info({ url: server.url }, 'http is running');
  return { url: server.url, stop: () => stop({ ...parts, server, producer, keyring, readiness }) };
}

/** Each message that a call brought, by what became of it. */
function counted({ createMessages }: Producer, observers: Wiring['observers']) {
  return async (messages: readonly NewMessage[]) => {
    const receipts = await createMessages(messages);
    const refused = receipts.flatMap((one) => (one.isAccepted ? [] : one.error.code));
    observers.accepted(receipts.length - refused.length);
    for (const [code, own] of Map.groupBy(refused, (one) => one))
      observers.refused(code, own.length);
    return receipts;
  };
}

/** Whatever keeps the queue's Redis from taking a job, callers are to come back. */
function orUnreachable<Wanted>(ask: (wanted: Wanted) => Promise<void>) {
  return (wanted: Wanted) =>
    ask(wanted).catch((error: unknown) => {
      throw queueUnreachable(error);
    });
}

function openMetrics({ config, wiring }: { config: Config; wiring: Wiring }) {
  const { metrics, queue, schedule } = wiring;
  openFleetGauges({ inspector: queue.inspector, metrics });
  openScheduleGauges({ read: schedule.read, names: Object.keys(schedule.entries), metrics });
  return metricsPages({
    metrics,
    token: config.metricsToken,
    heartbeats: queue.inspector.heartbeats,
  });
}

function openAdmin({ config, log, wiring }: { config: Config; log: Logger; wiring: Wiring }) {
  const { sessions: store, queues } = wiring.admin;
  const { adminPassword: password, isBoardChangeable: isChangeable } = config;
  return adminPages({
    password,
    sessions: openAdminSessions({ store, password: password ?? '', now: Date.now }),
    lockout: openLockout(wiring.admin),
    board: openBoard({ queues, path: '/queues', isChangeable, log }),
    log,
  });
}

/** Keys and passwords cross the network as they are unless a proxy in front speaks TLS. */
function warnIfExposed({ httpHost, trustedProxies }: Config, log: Logger): void {
  if (isLoopback(httpHost) || trustedProxies > 0) return;
  log.warn(
    `HTTP_HOST ${httpHost} is open to the network without TLS; put a proxy with TLS in front and set TRUSTED_PROXIES`,
  );
}

/** First no more requests, then what they had under way, then what they used. */
async function stop(parts: {
  config: Config;
  log: Logger;
  wiring: Wiring;
  server: HttpServer;
  producer: Producer;
  keyring: Keyring;
  readiness: ReadinessWatch;
}): Promise<void> {
  const { server, producer, keyring, wiring, log } = parts;
  parts.readiness.drain();
  await server.close(parts.config.drainMsMax);
  await Promise.allSettled([producer.close(), keyring.close()]);
  await closeInTime(wiring);
  log.info('http has stopped');
}
