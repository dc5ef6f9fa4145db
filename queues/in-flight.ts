/** How much may be on its way at once, and how long one more waits for room. */
export interface InFlightLimits {
  readonly itemsMax: number;
  readonly bytesMax: number;
  /** Milliseconds; Infinity waits for as long as it takes. */
  readonly waitMs: number;
}

export interface InFlight {
  /** @returns Whether there was room in time. Then `leave` must follow. */
  enter(bytes: number): Promise<boolean>;
  leave(bytes: number): void;
}

/** Bounds what is on its way: more waits its turn, first come first served. */
export function openInFlight(limits: InFlightLimits): InFlight {
  const waiting: { bytes: number; admit(isAdmitted: boolean): void }[] = [];
  let items = 0;
  let bytesInside = 0;

  /** One alone always fits, however large. */
  function fits(bytes: number): boolean {
    return items === 0 || (items < limits.itemsMax && bytesInside + bytes <= limits.bytesMax);
  }

  function take(bytes: number): void {
    items += 1;
    bytesInside += bytes;
  }

  function waitForRoom(bytes: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const place = { bytes, admit: resolve };
    waiting.push(place);
    if (limits.waitMs === Infinity) return promise;

    const timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(place), 1);
      resolve(false);
    }, limits.waitMs);
    return promise.finally(() => clearTimeout(timer));
  }

  return {
    async enter(bytes) {
      if (waiting.length > 0 || !fits(bytes)) return waitForRoom(bytes);
      take(bytes);
      return true;
    },
    leave(bytes) {
      items -= 1;
      bytesInside -= bytes;
      for (let next = waiting[0]; next && fits(next.bytes); next = waiting[0]) {
        waiting.shift();
        take(next.bytes);
        next.admit(true);
      }
    },
  };
}
