import { setTimeout as pause } from 'node:timers/promises';
import { PipelineError } from '../domain/errors.ts';
import type { Message } from '../domain/message.ts';
import type { Enqueuer } from './enqueue.ts';

export interface SendLimits {
  /** Milliseconds until a job that Redis does not take fails; Infinity to hold on. */
  readonly acceptTimeoutMs: number;
  /** Whether a job that Redis does not take is sent again; else its first fault is the last. */
  readonly isPatient: boolean;
  /** Waiting jobs above which no more are sent. */
  readonly queueJobsMax: number;
}

const RETRY_PAUSE_MS = 50;
const COUNT_AGE_MS_MAX = 1_000;
/** After a fault, whoever is impatient gets the same answer; so often it is looked whether it holds. */
const LOOK_AGAIN_MS = 500;

/**
 * Sends `persist` jobs, and sends again while Redis is away. A job may so arrive twice: its Messages
 * have had their ids before the first attempt, so they are stored once (P2).
 */
export function openJobSender(enqueuer: Enqueuer, limits: SendLimits) {
  let waitingJobs = 0;
  let countedAt = -Infinity;
  let standing: { fault: PipelineError; lookAgainAt: number } | null = null;

  function send(messages: readonly Message[]): Promise<void> {
    return limits.isPatient ? sendPersistently(messages) : sendOnce(messages);
  }

  /** So that a server that hangs or is full costs each caller nothing but the answer (P8). */
  async function sendOnce(messages: readonly Message[]): Promise<void> {
    if (standing) {
      const { fault } = standing;
      if (performance.now() >= standing.lookAgainAt) void lookAgain(standing);
      throw fault;
    }
    const fault = await attempt(messages, limits.acceptTimeoutMs);
    if (!fault) return;
    standing = { fault, lookAgainAt: performance.now() + LOOK_AGAIN_MS };
    throw fault;
  }

  /** With a question of our own: no caller waits for a server that may still hang. */
  async function lookAgain(fault: NonNullable<typeof standing>): Promise<void> {
    fault.lookAgainAt = Infinity;
    try {
      waitingJobs = await within(limits.acceptTimeoutMs, enqueuer.countWaiting('persist'));
      countedAt = performance.now();
      standing = null;
    } catch {
      fault.lookAgainAt = performance.now() + LOOK_AGAIN_MS;
    }
  }

  async function sendPersistently(messages: readonly Message[]): Promise<void> {
    const endsAt = performance.now() + limits.acceptTimeoutMs;
    const leftMs = () => endsAt - performance.now();
    let fault = await attempt(messages, leftMs());
    while (fault && leftMs() > RETRY_PAUSE_MS) {
      await pause(RETRY_PAUSE_MS);
      const next = await attempt(messages, leftMs());
      // The last attempt may have had a millisecond: what Redis said before it is the reason then.
      const hasRunOut = next?.cause instanceof NoAnswerInTime;
      if (!hasRunOut) fault = next;
    }
    if (fault) throw fault;
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

class NoAnswerInTime extends Error {
  override readonly message = 'no answer in time';
}

/** @throws NoAnswerInTime If the promise has not settled in time; it goes on unobserved. */
async function within<Result>(timeoutMs: number, promise: Promise<Result>): Promise<Result> {
  if (timeoutMs === Infinity) return promise;
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new NoAnswerInTime()), Math.max(0, timeoutMs));
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
