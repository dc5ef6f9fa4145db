import { setTimeout as pause } from 'node:timers/promises';
import type { Queue } from 'bullmq';

const POLL_MS = 10;
const DRAIN_MS_MAX = 300_000;
/** The first tenth is not counted: workers have to notice that the queue was resumed. */
const WARM_UP_SHARE = 0.1;

/**
 * Resumes a queue that was filled while it was paused, and times how its workers empty it.
 *
 * @returns Jobs a second, from when nine tenths are left until none is waiting or running.
 */
export async function timeDrain(queue: Queue): Promise<number> {
  const total = await jobsLeft(queue);
  const dueAt = performance.now() + DRAIN_MS_MAX;
  let startedAt = 0;
  let leftAtStart = total;
  await queue.resume();
  for (;;) {
    const left = await jobsLeft(queue);
    const now = performance.now();
    if (startedAt === 0 && left <= total * (1 - WARM_UP_SHARE)) {
      startedAt = now;
      leftAtStart = left;
    }
    if (left === 0) {
      await queue.pause();
      return (leftAtStart / (now - startedAt)) * 1_000;
    }
    if (now > dueAt) throw new Error(`${left} of ${total} jobs are left after ${DRAIN_MS_MAX} ms`);
    await pause(POLL_MS);
  }
}

async function jobsLeft(queue: Queue): Promise<number> {
  const counts = await queue.getJobCounts('waiting', 'active', 'delayed');
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
