const SWEEP_MS = 250;

export interface Deadlines {
  /** Starts the clock of one job. `end` must follow. */
  start(timeoutMs: number): Deadline;
  /** Aborts everything that runs. */
  abortAll(): void;
  close(): void;
}

export interface Deadline {
  readonly signal: AbortSignal;
  end(): void;
}

/**
 * Aborts jobs that take too long. One sweep four times a second looks after all of them: a timer
 * and an `AbortSignal.any` for each job would cost more than BullMQ's own work on it.
 */
export function openDeadlines(): Deadlines {
  const running = new Map<AbortController, number>();
  const sweep = setInterval(() => {
    const now = performance.now();
    for (const [controller, dueAt] of running) if (dueAt <= now) controller.abort();
  }, SWEEP_MS);
  sweep.unref();

  return {
    start(timeoutMs) {
      const controller = new AbortController();
      running.set(controller, performance.now() + timeoutMs);
      return { signal: controller.signal, end: () => void running.delete(controller) };
    },
    abortAll() {
      for (const controller of running.keys()) controller.abort();
    },
    close: () => clearInterval(sweep),
  };
}
