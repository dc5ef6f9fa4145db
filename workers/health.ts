import { contractOf, type QueueName } from '../queues/index.ts';
import type { JobEvent } from './fleet.ts';

/**
 * Work that waits this long while none gets done means that something is stuck; where one job may
 * take longer, that long.
 */
const STUCK_MS = 30_000;
const stuckMsOf = (name: QueueName) => Math.max(STUCK_MS, contractOf(name).timeoutMs);

export interface Health {
  readonly isHealthy: boolean;
  /** Why not; empty if healthy. */
  readonly reason: string;
}

/** Follows what the Fleet gets done. To hold a connection is not health: to finish jobs is. */
export interface HealthWatch {
  observe(event: JobEvent): void;
  /** @param waiting Jobs that wait now in each queue; null if Redis did not answer. */
  judge(waiting: Readonly<Record<QueueName, number>> | null, now: number): Health;
  jobsDone(): number;
}

/** @param startedAt Milliseconds since 1970, as all times here. */
export function openHealthWatch(startedAt: number): HealthWatch {
  const lastDoneAt = new Map<QueueName, number>();
  /** When a queue was last seen empty: from then on, jobs may be waiting. */
  const lastEmptyAt = new Map<QueueName, number>();
  let jobsDone = 0;

  function isStuck(name: QueueName, waiting: number, now: number): boolean {
    if (waiting === 0) lastEmptyAt.set(name, now);
    const lastGood = Math.max(
      lastDoneAt.get(name) ?? startedAt,
      lastEmptyAt.get(name) ?? startedAt,
    );
    return waiting > 0 && now - lastGood > stuckMsOf(name);
  }

  return {
    observe({ queue, outcome }) {
      if (outcome !== 'done' && outcome !== 'dead') return;
      lastDoneAt.set(queue, Date.now());
      jobsDone += 1;
    },
    judge(waiting, now) {
      if (waiting === null)
        return { isHealthy: false, reason: "the queue's Redis does not answer" };
      const names = Object.keys(waiting) as QueueName[];
      const stuck = names.filter((name) => isStuck(name, waiting[name], now));
      if (stuck.length === 0) return { isHealthy: true, reason: '' };
      const seconds = Math.max(...stuck.map(stuckMsOf)) / 1_000;
      const reason = `no job of ${stuck.join(', ')} got done for ${seconds} s though some wait`;
      return { isHealthy: false, reason };
    },
    jobsDone: () => jobsDone,
  };
}
