import type { RunRecord, ScheduledRun } from '../domain/schedule.ts';
import { dueAfter } from './due-moments.ts';
import { QUEUE_NAMES, type QueueName } from './index.ts';
import type { OpenQueue, OpenQueues } from './open-queues.ts';
import { jobIdsOf, type Schedule, type ScheduleEntry } from './schedule.ts';

/** Plans what recurs, and asks for runs besides. All times are milliseconds since 1970. */
export interface Scheduler {
  /**
   * Has BullMQ make the job of each entry when it is due, in the order of this schedule and no other:
   * what is planned in our queues and does not stand in it is removed. Safe from many processes at
   * once; what is planned as it should be is not touched.
   */
  plan(): Promise<void>;
  /** Runs that were due a while ago and did not start, or lost their process: one for each entry. */
  missed(records: readonly RunRecord[], now: number): ScheduledRun[];
  /** @returns False if the run has its job already. */
  ask(run: ScheduledRun): Promise<boolean>;
  nextDueAt(name: string, now: number): number;
}

/** A run that is a little late has a job that waits, as a rule; that there is none must be a fact. */
const MISSED_AFTER_MS = 60_000;
/** Of one queue. */
const PLANNED_MAX = 100;

export function openScheduler(options: {
  queues: OpenQueues;
  schedule: Schedule;
  timeZone: string;
}): Scheduler {
  const { queues, schedule, timeZone } = options;

  function entryOf(name: string): ScheduleEntry {
    const entry = schedule[name];
    if (!entry) throw new RangeError(`there is no entry ${name} in the schedule`);
    return entry;
  }

  const dueAtAfter = (name: string, afterMs: number) =>
    dueAfter({ pattern: entryOf(name).pattern, timeZone }, afterMs);

  async function planQueue(queueName: QueueName): Promise<void> {
    const queue = await queues.get(queueName);
    const planned = await queue.getJobSchedulers(0, PLANNED_MAX - 1);
    const wanted = Object.entries(schedule).filter(([, entry]) => entry.queue === queueName);
    const names = wanted.map(([name]) => name);
    for (const { key } of planned) if (!names.includes(key)) await queue.removeJobScheduler(key);
    for (const [name, { pattern, payload }] of wanted) {
      const known = planned.find(({ key }) => key === name);
      const isRight =
        known?.pattern === pattern &&
        known.tz === timeZone &&
        JSON.stringify(known.template?.data ?? {}) === JSON.stringify(payload);
      if (isRight && (await hasNextJob(queue, { name, dueAt: known.next ?? 0 }))) continue;
      await queue.upsertJobScheduler(
        name,
        { pattern, tz: timeZone },
        { name: queueName, data: payload },
      );
    }
  }

  return {
    async plan() {
      for (const name of QUEUE_NAMES) await planQueue(name);
    },
    missed(records, now) {
      return records.flatMap(({ name, isPaused, settledAt, last }) => {
        if (isPaused || !schedule[name]) return [];
        // Its job comes to another worker, unless Redis lost it: whoever asks for it finds out.
        if (last?.outcome === 'interrupted') return { name, dueAt: last.dueAt };
        // The first moment, for that is the job BullMQ may have; a run covers all until it starts.
        const dueAt = dueAtAfter(name, settledAt);
        return dueAt <= now - MISSED_AFTER_MS ? { name, dueAt } : [];
      });
    },
    async ask(run) {
      const { queue: queueName, payload } = entryOf(run.name);
      const queue = await queues.get(queueName);
      const { planned, askedFor } = jobIdsOf(run);
      for (const id of [planned, askedFor]) if (await queue.getJob(id)) return false;
      // Of one id there is one job: should two processes ask at once, the second asks in vain.
      await queue.add(queueName, payload, { jobId: askedFor });
      return true;
    },
    nextDueAt: dueAtAfter,
  };
}

/**
 * BullMQ makes the next job when the last one starts. Should Redis fail just then there is none, and
 * there would never be one again.
 */
async function hasNextJob(queue: OpenQueue, run: ScheduledRun): Promise<boolean> {
  const job = await queue.getJob(jobIdsOf(run).planned);
  return job !== undefined && job.finishedOn === undefined;
}
