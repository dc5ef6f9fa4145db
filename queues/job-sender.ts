import { setTimeout as pause } from 'node:timers/promises';
import { PipelineError } from '../domain/errors.ts';
import type { Message } from '../domain/message.ts';
import type { Enqueuer } from './enqueue.ts';

export interface SendLimits {
  /** Milliseconds until a job that Redis does not take fails; Infinity to hold on. */
  readonly acceptTimeoutMs: number;
  /** Waiting jobs above which no more are sent. */
  readonly queueJobsMax: number;
}

const RETRY_PAUSE_MS = 50;
const COUNT_AGE_MS_MAX = 1_000;

/**
 * Sends `persist` jobs, and sends again while Redis is away. A job may so arrive twice: its Messages
 * have had their ids before the first attempt, so they are stored once (P2).
 */
export function openJobSender(enqueuer: Enqueuer, limits: SendLimits) {
  let waitingJobs = 0;
  let countedAt = -Infinity;

  async function send(messages: readonly Message[]): Promise<void> {
    const startedAt = performance.now();
    for (;;) {
      const leftMs = startedAt + limits.acceptTimeoutMs - performance.now();
      const fault = await attempt(messages, leftMs);
      if (!fault) return;
      if (startedAt + limits.acceptTimeoutMs - performance.now() <= RETRY_PAUSE_MS) throw fault;
      await pause(RETRY_PAUSE_MS);
    }
  }

  async function attempt(
    messages: readonly Message[],
    leftMs: number,
  ): Promise<PipelineError | null> {
    try {
      if (await isQueueTooLong(leftMs)) return queueFull(tooLong(waitingJobs));
      await within(leftMs, enqueuer.enqueue('persist', { messages: [...messages] }));
      return null;
    } catch (error) {
      const isFull = error instanceof Error && error.message.includes('OOM');
      return isFull ? queueFull(OUT_OF_MEMORY, error) : queueUnreachable(error);
    }
  }

  /** Counted once a second: the limit is against an outage of hours, not against a burst. */
  async function isQueueTooLong(leftMs: number): Promise<boolean> {
    if (performance.now() - countedAt > COUNT_AGE_MS_MAX) {
      countedAt = performance.now();
      waitingJobs = await within(leftMs, enqueuer.countWaiting('persist'));
    }
    return waitingJobs >= limits.queueJobsMax;
  }

  return { send };
}

/** @throws Error If the promise has not settled in time; it goes on unobserved. */
async function within<Result>(timeoutMs: number, promise: Promise<Result>): Promise<Result> {
  if (timeoutMs === Infinity) return promise;
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('no answer in time')), Math.max(0, timeoutMs));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const tooLong = (jobs: number) => `${jobs} jobs wait already; start more workers, then retry`;
const OUT_OF_MEMORY = 'its Redis is out of memory; raise its maxmemory, then retry';

const queueFull = (why: string, cause?: unknown) =>
  new PipelineError('QUEUE_FULL', `the queue takes no more: ${why}`, {
    retry: { afterMs: 1_000 },
    cause,
  });

const queueUnreachable = (cause: unknown) =>
  new PipelineError(
    'QUEUE_UNREACHABLE',
    "the queue's Redis does not answer; send again with the same messageId, it may have been taken",
    { retry: 'backoff', cause },
  );
