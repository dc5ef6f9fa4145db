import { contractOf, type QueueName } from './index.ts';
import { readOldestWaiting } from './oldest-waiting.ts';
import { type OpenQueue, openQueues } from './open-queues.ts';
import { type QueueRedis, untilReady } from './connection.ts';

/** How many jobs of a queue are in which state. */
export interface QueueCounts {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly dead: number;
}

/** A queue as it is now. */
export interface QueueView {
  readonly counts: QueueCounts;
  /** Milliseconds since the job that is next in line was enqueued; 0 if none waits. */
  readonly oldestWaitingMs: number;
}

/** A job that failed for good. */
export interface DeadJob {
  readonly queue: QueueName;
  readonly jobId: string;
  readonly reason: string;
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly diedAt: number;
}

/** What a Fleet process last said of itself; it is gone if it stays silent for `HEARTBEAT_TTL_MS`. */
export interface Heartbeat {
  readonly host: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly isHealthy: boolean;
  /** Why not; empty if healthy. */
  readonly reason: string;
  readonly jobsDone: number;
  /** Where it shows its metrics. Processes of before there were any do not say. */
  readonly metricsHost?: string;
  readonly metricsPort?: number;
}

export const HEARTBEAT_TTL_MS = 15_000;
const DEAD_JOBS_PER_READ_MAX = 1_000;
/** Jobs come with all they hold: 100 of them take some 13 MB. */
const REDRIVEN_AT_ONCE_MAX = 100;

/** Looks into the queues, and brings dead jobs back to life. */
export interface Inspector {
  counts(name: QueueName): Promise<QueueCounts>;
  /** Whether the rate limit of the queue, or a pause that somebody asked for, lets no job start now. */
  isHeldBack(name: QueueName): Promise<boolean>;
  /** Counts and age in one round trip, however long the queue is. */
  view(name: QueueName): Promise<QueueView>;
  /** The jobs that died last, latest first. */
  dead(name: QueueName, limit: number): Promise<DeadJob[]>;
  /** Puts all dead jobs of a queue back to wait, with all their attempts. Returns how many. */
  redrive(name: QueueName): Promise<number>;
  /** @throws Error If the queue's Redis does not answer. */
  ping(): Promise<void>;
  publishHeartbeat(heartbeat: Heartbeat): Promise<void>;
  withdrawHeartbeat(heartbeat: { host: string; pid: number }): Promise<void>;
  heartbeats(): Promise<Heartbeat[]>;
  close(): Promise<void>;
}

/** @param connection Stays the caller's: it is not closed here. */
export function openInspector(connection: QueueRedis, prefix: string): Inspector {
  const queues = openQueues(connection, prefix);
  const heartbeatKeys = `${prefix}:fleet:heartbeats`;

  return {
    counts: async (name) => countJobs(await queues.get(name)),
    async isHeldBack(name) {
      const { rateLimit } = contractOf(name);
      if (!rateLimit) return false;
      return (await (await queues.get(name)).getRateLimitTtl(rateLimit.jobsMax)) > 0;
    },
    async view(name) {
      const queue = await queues.get(name);
      // Written to the socket together: one does not wait for the other's answer.
      const [counts, oldest] = await Promise.all([
        countJobs(queue),
        readOldestWaiting(connection, queue),
      ]);
      // The clock that wrote the time may be ahead of this one.
      return { counts, oldestWaitingMs: oldest === null ? 0 : Math.max(0, Date.now() - oldest) };
    },
    async dead(name, limit) {
      const jobs = await (
        await queues.get(name)
      ).getFailed(0, Math.min(limit, DEAD_JOBS_PER_READ_MAX) - 1);
      return jobs.map((job) => ({
        queue: name,
        jobId: job.id ?? '',
        reason: job.failedReason,
        attempts: job.attemptsMade,
        diedAt: job.finishedOn ?? 0,
      }));
    },
    async redrive(name) {
      const queue = await queues.get(name);
      // Counted first: those that die again meanwhile are left as they are.
      const { failed: dead = 0 } = await queue.getJobCounts('failed');
      let redriven = 0;
      while (redriven < dead) {
        const atOnce = Math.min(REDRIVEN_AT_ONCE_MAX, dead - redriven);
        const jobs = await queue.getJobs(['failed'], 0, atOnce - 1, true);
        const revived = await Promise.all(jobs.map(revive));
        const count = revived.filter(Boolean).length;
        if (count === 0) break; // Another redrive was faster.
        redriven += count;
      }
      return redriven;
    },
    async ping() {
      await connection.ping();
    },
    async publishHeartbeat(heartbeat) {
      await untilReady(connection);
      const beat = JSON.stringify({ ...heartbeat, beatAt: Date.now() });
      await connection.hset(heartbeatKeys, `${heartbeat.host}/${heartbeat.pid}`, beat);
    },
    async withdrawHeartbeat({ host, pid }) {
      await connection.hdel(heartbeatKeys, `${host}/${pid}`);
    },
    async heartbeats() {
      await untilReady(connection);
      const texts = await connection.hgetall(heartbeatKeys);
      const beats = Object.entries(texts).map(([field, text]) => {
        return { field, ...(JSON.parse(text) as Heartbeat & { beatAt: number }) };
      });
      const silentSince = Date.now() - HEARTBEAT_TTL_MS;
      const [alive, silent] = [
        beats.filter((beat) => beat.beatAt > silentSince),
        beats.filter((beat) => beat.beatAt <= silentSince),
      ];
      for (const { field } of silent) await connection.hdel(heartbeatKeys, field);
      return alive;
    },
    close: queues.close,
  };
}

async function countJobs(queue: OpenQueue): Promise<QueueCounts> {
  const counts = await queue.getJobCounts();
  const { waiting = 0, prioritized = 0, active = 0, delayed = 0, failed = 0 } = counts;
  return { waiting: waiting + prioritized, active, delayed, dead: failed };
}

interface RetriableJob {
  retry(state: 'failed', options: { resetAttemptsMade: boolean }): Promise<void>;
  isFailed(): Promise<boolean>;
}

/**
 * `Queue.retryJobs` would revive all at once, but leaves the count of attempts as it is: the next
 * fault, be it a passing one, would be the last again.
 *
 * @returns Whether it was us who revived it.
 */
async function revive(job: RetriableJob): Promise<boolean> {
  try {
    await job.retry('failed', { resetAttemptsMade: true });
    return true;
  } catch (error) {
    if (await job.isFailed()) throw error;
    return false;
  }
}
