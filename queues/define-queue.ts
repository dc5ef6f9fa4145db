import type { z } from 'zod';
import type { BackoffRange } from '../domain/backoff.ts';

/** The contract of one queue: what goes in, and how the Fleet treats it. */
export interface QueueContract<Name extends string = string, Payload = unknown> {
  readonly name: Name;
  /** One sentence for people: what a job of this queue does. */
  readonly summary: string;
  readonly payload: z.ZodType<Payload>;
  /** What writers are told to put in, where `payload` alone is silent; see `payload-schema.ts`. */
  readonly document?: z.ZodType<NoInfer<Payload>>;
  /** A payload as a writer would put it, for the docs. */
  readonly example: NoInfer<Payload>;
  /** Failures before a job is dead. Time spent waiting for a server is no failure. */
  readonly attemptsMax: number;
  readonly backoffMs: BackoffRange;
  /** Jobs at once in one process, at most. */
  readonly concurrency: number;
  /** Where jobs differ in weight: together those that run at once weigh no more than `max`. */
  readonly weight?: { of(payload: Payload): number; readonly max: number };
  /** Milliseconds one attempt may take before it is aborted. */
  readonly timeoutMs: number;
  /** At most so many jobs started in so many milliseconds, by the whole Fleet. */
  readonly rateLimit?: { readonly jobsMax: number; readonly perMs: number };
  /** Whether a job may wait until all others of its queue are done. Absent: first come, first served. */
  isPatient?(payload: Payload): boolean;
  /** Jobs of one id are one job while they wait. Absent: every job counts. */
  deduplicationId?(payload: Payload): string;
  /** How many finished jobs stay visible. Dead ones: 'all' where a job carries what exists nowhere else. */
  readonly keep: { readonly done: number; readonly dead: number | 'all' };
}

/** States a contract; here only so that the compiler infers name and payload exactly. */
export function defineQueue<const Name extends string, Payload>(
  contract: QueueContract<Name, Payload>,
): QueueContract<Name, Payload> {
  return Object.freeze(contract);
}
