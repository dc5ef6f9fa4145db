import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { QUEUE_NAMES, type QueueName } from '../queues/index.ts';
import { openWiring, type Wiring } from '../wiring.ts';
import { type Fleet, openFleet } from './fleet.ts';
import { type Health, type HealthWatch, openHealthWatch } from './health.ts';

export interface RunningFleet {
  /** Finishes what runs, within the configured time, and closes everything. */
  stop(): Promise<void>;
}

const HEARTBEAT_MS = 5_000;

/**
 * Starts one Fleet process: checks the servers, brings the schema up to date, runs the processors.
 *
 * @throws Error If a server is set to break a promise, unless `ALLOW_UNSAFE` says to go on.
 */
export async function runFleet(config: Config, log: Logger): Promise<RunningFleet> {
  const wiring = openWiring(config);
  try {
    await checkServers(wiring, { log, isUnsafeAllowed: config.isUnsafeAllowed });
    for (const name of await wiring.migrate()) log.info({ name }, 'migrated');
  } catch (error) {
    await wiring.close();
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
  { log, isUnsafeAllowed }: { log: Logger; isUnsafeAllowed: boolean },
): Promise<void> {
  const findings = await wiring.check();
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
  await parts.wiring.close();
  parts.log.info('fleet has stopped');
}
