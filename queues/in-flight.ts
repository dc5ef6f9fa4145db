/** How much may be on its way at once, and how long one more waits for room. */
export interface InFlightLimits {
  readonly itemsMax: number;
  readonly bytesMax: number;
  /** Milliseconds; Infinity waits for as long as it takes. */
  readonly waitMs: number;
}

export interface InFlight {
  /** @returns Whether there was room in time. If so, `leave` must follow. */
  enter(bytes: number): boolean | Promise<boolean>;
  leave(bytes: number): void;
}

interface Waiter {
  readonly bytes: number;
  readonly dueAt: number;
  readonly admit: (isAdmitted: boolean) => void;
}

/** Bounds what is on its way. More waits its turn, first come, first served. */
export function openInFlight(limits: InFlightLimits): InFlight {
  let waiters: Waiter[] = [];
  /** Where the line begins: to shift a long array would move all of it each time. */
  let head = 0;
  let items = 0;
  let bytesInside = 0;
  let timer: NodeJS.Timeout | undefined;

  /** One alone always fits, however large. */
  function fits(bytes: number): boolean {
    return items === 0 || (items < limits.itemsMax && bytesInside + bytes <= limits.bytesMax);
  }

  function take(bytes: number): void {
    items += 1;
    bytesInside += bytes;
  }

  function standInLine(bytes: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    waiters.push({ bytes, dueAt: performance.now() + limits.waitMs, admit: resolve });
    watchTheFirst();
    return promise;
  }

  function dismissFirst(isAdmitted: boolean): void {
    waiters[head]?.admit(isAdmitted);
    head += 1;
    if (head < 1_000 || head * 2 < waiters.length) return;
    waiters = waiters.slice(head);
    head = 0;
  }

  function admitWhatFits(): void {
    for (let next = waiters[head]; next && fits(next.bytes); next = waiters[head]) {
      take(next.bytes);
      dismissFirst(true);
    }
  }

  /** All wait equally long, so the first in line is always the first to give up. */
  function watchTheFirst(): void {
    const first = waiters[head];
    if (!first || first.dueAt === Infinity || timer) return;
    timer = setTimeout(giveUpLate, Math.max(1, first.dueAt - performance.now()));
  }

  function giveUpLate(): void {
    timer = undefined;
    const now = performance.now();
    for (let next = waiters[head]; next && next.dueAt <= now; next = waiters[head]) {
      dismissFirst(false);
    }
    admitWhatFits();
    watchTheFirst();
  }

  return {
    enter(bytes) {
      if (head < waiters.length || !fits(bytes)) return standInLine(bytes);
      take(bytes);
      return true;
    },
    leave(bytes) {
      items -= 1;
      bytesInside -= bytes;
      admitWhatFits();
    },
  };
}
