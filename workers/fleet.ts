import { DelayedError, type Job, RateLimitError, UnrecoverableError, Worker } from 'bullmq';
import type { Logger } from 'pino';
import { backoffMs } from '../domain/backoff.ts';
import { pauseOf, PipelineError } from '../domain/errors.ts';
import type { RunVerdict, ScheduledRun } from '../domain/schedule.ts';
import type { QueueRedis } from '../queues/connection.ts';
import type { QueueContract } from '../queues/define-queue.ts';
import { contractOf, type PayloadOf, QUEUE_NAMES, type QueueName } from '../queues/index.ts';
import { runOf } from '../queues/schedule.ts';
import { type OpenQueues, openQueues } from '../queues/open-queues.ts';
import { openConcurrency } from './concurrency.ts';
import { type Deadlines, openDeadlines } from './deadlines.ts';
import { type Deps, processors } from './index.ts';

/** What became of one attempt at a job. */
export interface JobEvent {
  readonly queue: QueueName;
  readonly outcome: 'done' | 'retried' | 'delayed' | 'dead';
  /** From the enqueueing to the start of this attempt. */
  readonly waitMs: number;
  readonly runMs: number;
}

/** The work of a job that is a run of the schedule. */
interface RunWork {
  work(signal: AbortSignal): Promise<void>;
  readonly signal: AbortSignal;
  isRetried(error: unknown): boolean;
}

export interface FleetOptions {
  /** See `openWorkingConnection`. Stays the caller's. */
  readonly connection: QueueRedis;
  readonly prefix: string;
  readonly deps: Deps;
  /** Does the work of a run of the schedule unless somebody is at it; says why if it did not. */
  readonly holdRun: (run: ScheduledRun, work: RunWork) => Promise<RunVerdict>;
  readonly log: Logger;
  /** Sees every attempt; metrics sit here. */
  readonly observe: (event: JobEvent) => void;
}

export interface Fleet {
  /** Stops taking jobs and finishes those that run; aborts them after `deadlineMs`. */
  drain(deadlineMs: number): Promise<{ isClean: boolean }>;
}

/** A worker that dies gives its jobs back after this long. Renewed by the event loop at half time. */
const LOCK_MS = 15_000;
const STALLED_CHECK_MS = 5_000;
/** A job outlives many deaths of its workers: it carries Messages, and running twice is harmless. */
const STALLS_MAX = 1_000;
/** After a fault of Redis, BullMQ tries again after this long. */
const REDIS_RETRY_MS = 500;
/** Aborted jobs go back to their queue within the grace of `Deadlines`, and one round trip. */
const ABORT_GRACE_MS = 2_000;

/** Runs the processors of all queues in this process. All decisions about retries are taken here. */
export function openFleet(options: FleetOptions): Fleet {
  const deadlines = openDeadlines();
  const queues = openQueues(options.connection, options.prefix);
  const parts = { ...options, deadlines, queues };
  const workers = QUEUE_NAMES.map((name) => openWorker(name, parts));

  return {
    async drain(deadlineMs) {
      const closed = Promise.all(workers.map((worker) => worker.close()));
      const isClean = await settlesWithin(closed, deadlineMs);
      deadlines.abortAll();
      // Aborted jobs go back to their queue; what cannot even do that is found again by its lock.
      if (!isClean) await settlesWithin(closed, ABORT_GRACE_MS);
      deadlines.close();
      await settlesWithin(queues.close(), ABORT_GRACE_MS);
      return { isClean };
    },
  };
}

interface Parts extends FleetOptions {
  readonly deadlines: Deadlines;
  /** To slow one of them. */
  readonly queues: OpenQueues;
}

function openWorker(name: QueueName, options: Parts): Worker {
  const { connection, prefix, log } = options;
  const contract = contractOf(name);
  // Each queue's own payloads, which the compiler cannot follow through a name known at run time.
  const { concurrency: jobsMax, weight } = contract as QueueContract;
  const concurrency = weight ? openConcurrency({ jobsMax, weightMax: weight.max }) : null;
  const run = (job: Job, token?: string) => attempt({ name, job, token }, options);
  const worker = new Worker(name, run, {
    connection,
    prefix,
    concurrency: jobsMax,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    maxStalledCount: STALLS_MAX,
    runRetryDelay: REDIS_RETRY_MS,
    removeOnComplete: { count: contract.keep.done },
    removeOnFail: { count: contract.keep.dead === 'all' ? -1 : contract.keep.dead },
    ...(contract.rateLimit && {
      limiter: { max: contract.rateLimit.jobsMax, duration: contract.rateLimit.perMs },
    }),
    settings: {
      backoffStrategy: (failures) => backoffMs(failures, contract.backoffMs, Math.random()),
    },
  });
  // BullMQ fetches up to the limit before it runs the first job, so each is weighed when it comes.
  worker.on('active', ({ data }) => {
    const payload = contract.payload.safeParse(data);
    if (!weight || !concurrency || !payload.success) return;
    worker.concurrency = concurrency.note(weight.of(payload.data));
  });
  worker.on('error', (error) => log.warn({ queue: name, fault: faultOf(error) }, 'worker fault'));
  worker.on('stalled', (jobId) => log.warn({ queue: name, jobId }, 'job taken over'));
  return worker;
}

interface Taken {
  readonly name: QueueName;
  readonly job: Job;
  readonly token: string | undefined;
}

async function attempt({ name, job, token }: Taken, options: Parts): Promise<void> {
  const contract = contractOf(name);
  // The contract decides, whoever wrote the job: a client in Python need not know these numbers.
  job.opts.attempts = contract.attemptsMax;
  job.opts.backoff = { type: 'custom' };
  delete job.opts.removeOnComplete;
  delete job.opts.removeOnFail;

  const startedAt = Date.now();
  const limit = { timeoutMs: contract.timeoutMs, late: jobTimedOut };
  const finish = (outcome: JobEvent['outcome']) => {
    const waitMs = startedAt - job.timestamp;
    options.observe({ queue: name, outcome, waitMs, runMs: Date.now() - startedAt });
  };
  try {
    await options.deadlines.run(limit, (signal) => runOnce(contract, job, { options, signal }));
    finish('done');
  } catch (error) {
    const outcome = outcomeOf(error, job);
    const about = { queue: name, jobId: job.id, attempt: job.attemptsMade + 1, outcome };
    options.log.warn({ ...about, fault: faultOf(error) }, 'job not done');
    finish(outcome);
    throw await obey(error, { name, job, token }, options.queues);
  }
}

/** Processors do not know whether somebody asked for their job, or the schedule. */
async function runOnce<Name extends QueueName>(
  contract: QueueContract<Name, PayloadOf<Name>>,
  job: Job,
  { options, signal }: { options: FleetOptions; signal: AbortSignal },
): Promise<void> {
  const { deps, holdRun, log } = options;
  const run = runOf(job.id);
  if (!run) return process(contract, job, { deps, signal });
  const verdict = await holdRun(run, {
    work: (held) => process(contract, job, { deps, signal: held }),
    signal,
    isRetried: (error) => outcomeOf(error, job) !== 'dead',
  });
  if (verdict !== 'taken') log.info({ schedule: run.name, verdict }, 'run skipped');
}

/** @returns Nothing: a result kept in Redis for every Message would cost more than it tells. */
async function process<Name extends QueueName>(
  contract: QueueContract<Name, PayloadOf<Name>>,
  job: Job,
  run: { deps: Deps; signal: AbortSignal },
): Promise<void> {
  const payload = contract.payload.safeParse(job.data);
  if (!payload.success) throw payloadInvalid(firstIssue(payload.error.issues));
  const life = { failures: job.attemptsMade, isFirst: job.attemptsStarted === 1 };
  await processors[contract.name](payload.data, run.deps, run.signal, life);
}

function outcomeOf(error: unknown, job: Job): JobEvent['outcome'] {
  const retry = error instanceof PipelineError ? error.retry : 'backoff';
  if (retry === 'never') return 'dead';
  if (typeof retry === 'object') return 'delayed';
  return job.attemptsMade + 1 < (job.opts.attempts ?? 1) ? 'retried' : 'dead';
}

/** Turns the decision of `PipelineError.retry` into what BullMQ understands. */
async function obey(
  error: unknown,
  { name, job, token }: Taken,
  queues: OpenQueues,
): Promise<unknown> {
  if (!(error instanceof PipelineError)) return error;
  const reason = `${error.code}: ${error.message}`; // With its code people know it for one of ours.
  if (error.retry === 'never') return new UnrecoverableError(reason);
  if (error.retry === 'backoff') return new Error(reason, { cause: error });
  // Neither of these counts as an attempt.
  if ('queueAfterMs' in error.retry && contractOf(name).rateLimit) {
    const queue = await queues.get(name);
    await queue.rateLimit(error.retry.queueAfterMs);
    return new RateLimitError();
  }
  await job.moveToDelayed(Date.now() + (pauseOf(error.retry) ?? 0), token);
  return new DelayedError();
}

/**
 * What a log may know of an error. Ours are written for it; others may quote what they choked on,
 * which may be a client's words, so of them only the kind and the place are told.
 */
function faultOf(error: unknown): object {
  if (error instanceof PipelineError) return { code: error.code, sentence: error.message };
  if (!(error instanceof Error)) return { kind: typeof error };
  const code = 'code' in error ? String(error.code) : undefined;
  const at = error.stack
    ?.split('\n')
    .filter((line) => line.startsWith('    at '))
    .slice(0, 5);
  return { kind: error.name, code, at };
}

interface Issue {
  readonly path: PropertyKey[];
  readonly message: string;
  /** Where a payload may have several shapes: what each of them lacks. */
  readonly errors?: readonly (readonly Issue[])[];
}

/** Of several shapes, the first one is what writers mean as a rule. */
function firstIssue([issue]: readonly Issue[]): Issue | undefined {
  return issue?.errors ? firstIssue(issue.errors[0] ?? []) : issue;
}

const payloadInvalid = (issue?: Issue) => {
  const where = issue?.path.join('.') || 'payload';
  const sentence = `${where}: ${issue?.message ?? 'does not fit the contract of its queue'}`;
  return new PipelineError('PAYLOAD_INVALID', sentence, { retry: 'never' });
};

const jobTimedOut = () =>
  new PipelineError('JOB_TIMED_OUT', 'the job did not end in time; it will be tried again', {
    retry: 'backoff',
  });

async function settlesWithin(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), timeoutMs);
  const settled = promise.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, late]).finally(() => clearTimeout(timer));
}
