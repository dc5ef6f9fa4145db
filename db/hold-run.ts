import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { PipelineError } from '../domain/errors.ts';
import type { RunVerdict, ScheduledRun } from '../domain/schedule.ts';
import { faultKind } from './faults.ts';
import { endRun, renewLease, type Runner, takeRun } from './schedule-runs.ts';
import type { Database } from './schema.ts';

/** How long a run belongs to a process of which nothing is heard. */
const LEASE_MS = 15_000;
const RENEWAL_MS = 5_000;
/** So long before the lease ends the run is told to end: it needs a moment to obey. */
const END_MS = 1_000;
const RETRY_MS = 1_000;

/** A run's work, and what its failures mean. */
export interface RunWork {
  /** @param signal Aborts when the run is no longer ours, too. */
  work(signal: AbortSignal): Promise<unknown>;
  readonly signal: AbortSignal;
  /** Whether the run is tried again after this error. */
  isRetried(error: unknown): boolean;
}

/**
 * Does the work of a run while nobody else, in any process, is at that entry of the schedule, and
 * writes down what became of it. A run belongs to whoever took its row, by a lease: the process that
 * dies gives it back within fifteen seconds, also when its machine dies with it.
 *
 * @returns Why there was nothing to do; `taken` if the work was done.
 * @throws PipelineError `RUN_BUSY` while the same run is under way elsewhere, `RUN_LOST` if it was
 *                       taken from us, `SCHEDULE_UNREACHABLE` if MySQL is away; or what the work threw.
 */
export async function holdRun(
  db: Kysely<Database>,
  run: ScheduledRun,
  { work, signal, isRetried }: RunWork,
): Promise<Exclude<RunVerdict, 'busy'>> {
  const ours: Runner = { name: run.name, runner: randomUUID() };
  const lease = { runner: ours.runner, ms: LEASE_MS };
  const askedAt = performance.now(); // MySQL's lease begins later, and never lasts shorter than ours.
  const verdict = await takeRun(db, run, lease).catch(failUnreachable);
  if (verdict === 'busy') throw runBusy(run.name);
  if (verdict !== 'taken') return verdict;

  const renewal = keepLease(db, ours, { askedAt, told: signal });
  try {
    await work(AbortSignal.any([signal, renewal.lost]));
  } catch (error) {
    const outcome = isRetried(error) ? 'retrying' : 'failed';
    await endRun(db, ours, { outcome, reason: reasonOf(error) }).catch(() => {});
    throw renewal.lost.aborted ? runLost(run.name) : error;
  } finally {
    renewal.end();
  }
  await endRun(db, ours, { outcome: 'done', reason: null }).catch(failUnreachable);
  return 'taken';
}

/**
 * Says that the run goes on, until it ends, or is told to: what does not obey loses its lease.
 *
 * @param lease.askedAt When MySQL was asked for it, on the clock of `performance.now()`.
 */
function keepLease(
  db: Kysely<Database>,
  ours: Runner,
  { askedAt: takenAt, told }: { askedAt: number; told: AbortSignal },
) {
  const lost = new AbortController();
  const renewal = setInterval(() => void renew(), RENEWAL_MS);
  let expiry: NodeJS.Timeout | undefined;
  let isOver = false;

  /** A timer of its own: while MySQL does not answer, no renewal tells that the lease ran out. */
  function trust(askedAt: number): void {
    clearTimeout(expiry);
    expiry = setTimeout(lose, Math.max(0, askedAt + LEASE_MS - END_MS - performance.now()));
  }

  async function renew(): Promise<void> {
    const askedAt = performance.now();
    const isOurs = await renewLease(db, ours, LEASE_MS).catch(() => null);
    if (isOver) return;
    if (isOurs === false) lose();
    if (isOurs) trust(askedAt);
  }

  function lose(): void {
    end();
    lost.abort();
  }

  function end(): void {
    isOver = true;
    clearInterval(renewal);
    clearTimeout(expiry);
    told.removeEventListener('abort', end);
  }

  told.addEventListener('abort', end, { once: true });
  trust(takenAt);
  return { lost: lost.signal, end };
}

/** What a table may hold of an error: errors that are not ours may quote a client's words. */
function reasonOf(error: unknown): string {
  if (error instanceof PipelineError) return `${error.code}: ${error.message}`;
  if (!(error instanceof Error)) return `an error of type ${typeof error}`;
  return 'code' in error ? `${error.name} ${String(error.code)}` : error.name;
}

function failUnreachable(cause: unknown): never {
  if (faultKind(cause) !== 'transient') throw cause;
  const sentence = 'MySQL does not answer, which keeps runs of the schedule apart';
  throw new PipelineError('SCHEDULE_UNREACHABLE', sentence, {
    retry: { afterMs: RETRY_MS },
    cause,
  });
}

const runBusy = (name: string) =>
  new PipelineError('RUN_BUSY', `this run of ${name} is under way elsewhere`, {
    retry: { afterMs: LEASE_MS },
  });

const runLost = (name: string) =>
  new PipelineError('RUN_LOST', `this run of ${name} was heard of too late, and is another's now`, {
    retry: { afterMs: LEASE_MS },
  });
