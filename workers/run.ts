import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { instantOf } from '../domain/instant.ts';
import { closeInTime, prepareServers, type Running } from '../entry.ts';
import { QUEUE_NAMES, type QueueName } from '../queues/index.ts';
import { openWiring, type Wiring } from '../wiring.ts';
import { type Fleet, type JobEvent, openFleet } from './fleet.ts';
import { type Health, type HealthWatch, openHealthWatch } from './health.ts';
import { reachableHost } from './metrics-address.ts';
import { type MetricsServer, openMetricsServer } from './metrics-server.ts';

export type RunningFleet = Running;

const HEARTBEAT_MS = 5_000;
const SCHEDULE_LOOK_MS = 60_000;

/**
 * Starts one Fleet process: shows its metrics, waits for the servers and checks them, brings the
 * schema up to date, runs the processors.
 *
 * @throws Error If a server stays away, or is set to break a promise and `ALLOW_UNSAFE` is not set;
 *               or if `METRICS_PORT` is taken.
 */
export async function runFleet(config: Config, log: Logger): Promise<RunningFleet> {
  const wiring = openWiring(config);
  const pulse: Pulse = { health: STARTING };
  let server: MetricsServer | undefined;
  try {
    server = await openMetrics({ wiring, pulse }, config);
    await prepareServers(wiring, config, log);
  } catch (error) {
    await closeInTime(wiring);
    await server?.close();
    throw error;
  }

  const watch = openHealthWatch(Date.now());
  const { connection, prefix } = wiring.queue;
  const observe = (event: JobEvent) => {
    watch.observe(event);
    wiring.observers.job(event);
  };
  const { holdRun } = wiring.schedule;
  const fleet = openFleet({ connection, prefix, deps: wiring.deps, holdRun, log, observe });
  const metricsAt = { metricsHost: reachableHost(config.metricsHost), metricsPort: server.port };
  const heartbeat = await beat({ wiring, watch, pulse, log, metricsAt });
  const schedule = keepSchedule(wiring, log);
  log.info(metricsAt, 'fleet is running');
  const { drainMsMax } = config;
  return { stop: () => stop({ fleet, wiring, heartbeat, schedule, server, log, drainMsMax }) };
}

/** How this process was when it last looked. */
interface Pulse {
  health: Health;
}

const STARTING: Health = { isHealthy: false, reason: 'the fleet is still starting' };

function openMetrics(parts: { wiring: Wiring; pulse: Pulse }, config: Config) {
  return openMetricsServer({
    host: config.metricsHost,
    port: config.metricsPort,
    token: config.metricsToken,
    show: () => parts.wiring.metrics.show('fleet'),
    health: () => parts.pulse.health,
  });
}

interface HeartbeatTimer {
  end(): Promise<void>;
}

/** Tells the others, every few seconds, that this process is here and whether work gets done. */
async function beat(parts: {
  wiring: Wiring;
  watch: HealthWatch;
  pulse: Pulse;
  log: Logger;
  metricsAt: { metricsHost: string; metricsPort: number };
}): Promise<HeartbeatTimer> {
  const { inspector } = parts.wiring.queue;
  const identity = {
    host: hostname(),
    pid: process.pid,
    startedAt: Date.now(),
    ...parts.metricsAt,
  };
  let wasHealthy = true;

  async function publish(): Promise<void> {
    const waiting = await countWaiting(parts.wiring).catch(() => null);
    const health: Health = parts.watch.judge(waiting, Date.now());
    if (health.isHealthy !== wasHealthy) parts.log.warn(health, 'health changed');
    wasHealthy = health.isHealthy;
    parts.pulse.health = health;
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

/** Looks every minute that all is planned, and has runs made up for that were missed. */
function keepSchedule({ schedule }: Wiring, log: Logger): { end(): void } {
  const over = new AbortController();

  async function look(): Promise<void> {
    try {
      for (const run of await schedule.keep()) {
        log.info({ schedule: run.name, dueAt: instantOf(run.dueAt) }, 'missed run asked for');
      }
    } catch (error) {
      const kind = error instanceof Error ? error.name : typeof error;
      log.warn({ kind }, 'the schedule cannot be looked after now; tried again in a minute');
    }
  }

  void (async () => {
    while (!over.signal.aborted) {
      await look();
      await pause(SCHEDULE_LOOK_MS, undefined, { signal: over.signal }).catch(() => {});
    }
  })();
  return { end: () => over.abort() };
}

/** Jobs that could start: of a queue that is held back, none. */
async function countWaiting({ queue }: Wiring): Promise<Record<QueueName, number>> {
  const { inspector } = queue;
  const counted = QUEUE_NAMES.map(async (name) => {
    if (await inspector.isHeldBack(name)) return [name, 0] as const;
    return [name, (await inspector.counts(name)).waiting] as const;
  });
  return Object.fromEntries(await Promise.all(counted)) as Record<QueueName, number>;
}

async function stop(parts: {
  fleet: Fleet;
  wiring: Wiring;
  heartbeat: HeartbeatTimer;
  schedule: { end(): void };
  server: MetricsServer;
  log: Logger;
  drainMsMax: number;
}): Promise<void> {
  parts.schedule.end();
  const { isClean } = await parts.fleet.drain(parts.drainMsMax);
  if (!isClean) parts.log.warn('some jobs did not end in time; other workers take them over');
  await parts.heartbeat.end();
  await closeInTime(parts.wiring);
  await parts.server.close(); // Last: until here, whoever watches sees it drain.
  parts.log.info('fleet has stopped');
}
