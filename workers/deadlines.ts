const SWEEP_MS = 250;
/** For a processor to say by itself what became of it. */
const GRACE_MS = 1_000;

export interface Deadlines {
  /**
   * Runs one job. When its time is over its signal aborts; if it does not end by then either, it is
   * no longer waited for, so that work that hangs cannot hold its place for ever.
   *
   * @param limit.late Makes the error to reject with then.
   */
  run(
    limit: { timeoutMs: number; late: () => Error },
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<void>;
  /** Aborts everything that runs. */
  abortAll(): void;
  close(): void;
}

interface Running {
  readonly controller: AbortController;
  readonly giveUp: () => void;
  dueAt: number;
}

/**
 * Aborts jobs that take too long. One sweep four times a second looks after all of them: a timer
 * and an `AbortSignal.any` for each job would cost more than BullMQ's own work on it.
 */
export function openDeadlines(): Deadlines {
  const running = new Set<Running>();
  const sweep = setInterval(() => {
    const now = performance.now();
    for (const job of running) if (job.dueAt <= now) end(job, now);
  }, SWEEP_MS);
  sweep.unref();

  function end(job: Running, now: number): void {
    if (job.controller.signal.aborted) return job.giveUp();
    job.controller.abort();
    job.dueAt = now + GRACE_MS;
  }

  return {
    async run({ timeoutMs, late }, work) {
      const { promise: gaveUp, reject } = Promise.withResolvers<never>();
      const controller = new AbortController();
      const giveUp = () => reject(late());
      const job = { controller, giveUp, dueAt: performance.now() + timeoutMs };
      running.add(job);
      try {
        await Promise.race([work(controller.signal), gaveUp]);
      } finally {
        running.delete(job);
      }
    },
    abortAll() {
      const now = performance.now();
      for (const job of running) if (!job.controller.signal.aborted) end(job, now);
    },
    close: () => clearInterval(sweep),
  };
}
