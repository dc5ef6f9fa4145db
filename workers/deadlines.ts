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

/** Jobs of one queue that began within the same quarter of a second: they share their signal. */
interface Batch {
  readonly timeoutMs: number;
  readonly controller: AbortController;
  readonly giveUps: Set<() => void>;
  dueAt: number;
}

/**
 * Aborts jobs that take too long. One sweep four times a second looks after all of them, and those
 * that begin between two sweeps share one signal: a timer and a signal for each job would cost more
 * than BullMQ's own work on it.
 */
export function openDeadlines(): Deadlines {
  const batches = new Set<Batch>();
  let newest: Batch[] = [];
  const sweep = setInterval(() => {
    newest = [];
    const now = performance.now();
    for (const batch of batches) {
      if (batch.giveUps.size === 0) batches.delete(batch);
      else if (batch.dueAt <= now) end(batch, now);
    }
  }, SWEEP_MS);
  sweep.unref();

  function batchOf(timeoutMs: number): Batch {
    const known = newest.find((batch) => batch.timeoutMs === timeoutMs);
    if (known && !known.controller.signal.aborted) return known;
    const dueAt = performance.now() + timeoutMs;
    const batch = {
      timeoutMs,
      controller: new AbortController(),
      giveUps: new Set<() => void>(),
      dueAt,
    };
    newest.push(batch);
    batches.add(batch);
    return batch;
  }

  function end(batch: Batch, now: number): void {
    if (batch.controller.signal.aborted) return batch.giveUps.forEach((giveUp) => giveUp());
    batch.controller.abort();
    batch.dueAt = now + GRACE_MS;
  }

  return {
    run({ timeoutMs, late }, work) {
      const { giveUps, controller } = batchOf(timeoutMs);
      return new Promise((resolve, reject) => {
        const giveUp = () => {
          giveUps.delete(giveUp);
          reject(late());
        };
        giveUps.add(giveUp);
        const settle = (then: () => void) => {
          giveUps.delete(giveUp);
          then();
        };
        work(controller.signal).then(
          () => settle(resolve),
          (error: unknown) => settle(() => reject(error)),
        );
      });
    },
    abortAll() {
      const now = performance.now();
      for (const batch of batches) if (!batch.controller.signal.aborted) end(batch, now);
    },
    close: () => clearInterval(sweep),
  };
}
