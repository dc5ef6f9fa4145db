import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { untilReady } from '../queues/connection.ts';
import { QUEUE_NAMES, type QueueName } from '../queues/index.ts';
import { openWiring, type Wiring } from '../wiring.ts';
import { awaitServers } from './await-servers.ts';
import { type Fleet, openFleet } from './fleet.ts';
import { type Health, type HealthWatch, openHealthWatch } from './health.ts';

export interface RunningFleet {
  /** Finishes what runs, within the configured time, and closes everything. */
  stop(): Promise<void>;
}

const HEARTBEAT_MS = 5_000;
const CLOSE_MS_MAX = 3_000;

/**
 * Starts one Fleet process: waits for the servers and checks them, brings the schema up to date,
 * runs the processors.
 *
 * @throws Error If a server stays away, or is set to break a promise and `ALLOW_UNSAFE` is not set.
 */
export async function runFleet(config: Config, log: Logger): Promise<RunningFleet> {
  const wiring = openWiring(config);
  try {
    await checkServers(wiring, { log, config });
    for (const name of await wiring.migrate()) log.info({ name }, 'migrated');
  } catch (error) {
    await closeWithin(wiring, CLOSE_MS_MAX);
    throw error;
  }

  const watch = openHealthWatch(Date.now());
  const { connection, prefix } = wiring.queue;
  const fleet = openFleet({ connection, prefix, deps: wiring.deps, log, observe: watch.observe });
  const heartbeat = await beat({ wiring, watch, log });
  log.info('fleet is running');
  return { stop: () => stop({ fleet, wiring, heartbeat, log, drainMsMax: config.drainMsMax }) };
}

async function checkServers(
  wiring: Wiring,
  { log, config }: { log: Logger; config: Config },
): Promise<void> {
  const { mysqlUrl, queueRedisUrl, isUnsafeAllowed } = config;
  const untilRedisIsReady = () => untilReady(wiring.queue.connection);
  const servers = { mysqlUrl, queueRedisUrl, untilRedisIsReady, check: wiring.check };
  const findings = await awaitServers(servers, (sentence) => log.warn(sentence));
  for (const { sentence } of findings) log.warn(sentence);
  const broken = findings.filter((finding) => finding.severity === 'broken');
  if (broken.length === 0 || isUnsafeAllowed) return;
  throw new Error(broken.map((finding) => finding.sentence).join('\n'));
}

interface HeartbeatTimer {
  end(): Promise<void>;
}

/** Tells the others, every few seconds, that this process is here and whether work gets done. */
async function beat(parts: {
  wiring: Wiring;
  watch: HealthWatch;
  log: Logger;
}): Promise<HeartbeatTimer> {
  const { inspector } = parts.wiring.queue;
  const identity = { host: hostname(), pid: process.pid, startedAt: Date.now() };
  let wasHealthy = true;

  async function publish(): Promise<void> {
    const waiting = await countWaiting(parts.wiring).catch(() => null);
    const health: Health = parts.watch.judge(waiting, Date.now());
    if (health.isHealthy !== wasHealthy) parts.log.warn(health, 'health changed');
    wasHealthy = health.isHealthy;
    const jobsDone = parts.watch.jobsDone();
    await inspector.publishHeartbeat({ ...identity, ...health, jobsDone }).catch(() => {});
  }

  await publish();
  const timer = setInterval(() => void publish(), HEARTBEAT_MS);
  return {
    async end() {
      clearInterval(timer);
      await inspector.withdrawHeartbeat(identity).catch(() => {});
    },
  };
}

async function countWaiting({ queue }: Wiring): Promise<Record<QueueName, number>> {
  const counted = QUEUE_NAMES.map(async (name) => {
    return [name, (await queue.inspector.counts(name)).waiting] as const;
  });
  return Object.fromEntries(await Promise.all(counted)) as Record<QueueName, number>;
}

async function stop(parts: {
  fleet: Fleet;
  wiring: Wiring;
  heartbeat: HeartbeatTimer;
  log: Logger;
  drainMsMax: number;
}): Promise<void> {
  const { isClean } = await parts.fleet.drain(parts.drainMsMax);
  if (!isClean) parts.log.warn('some jobs did not end in time; other workers take them over');
  await parts.heartbeat.end();
  await closeWithin(parts.wiring, CLOSE_MS_MAX);
  parts.log.info('fleet has stopped');
}

/** Connections to a server that hangs never close; whoever waits for us would have to kill us. */
async function closeWithin(wiring: Wiring, timeoutMs: number): Promise<void> {
  const over = new AbortController();
  const tooLate = pause(timeoutMs, undefined, { signal: over.signal }).catch(() => {});
  // Nor is it a fault any more if one breaks while it is being closed.
  await Promise.race([wiring.close().catch(() => {}), tooLate]);
  over.abort();
}
