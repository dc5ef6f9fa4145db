import { setTimeout as pause } from 'node:timers/promises';
import { type Exchange, type HttpConnection, openHttpConnection } from './http-client.ts';

/** Kept-alive connections that whoever wants to ask shares: who finds none free waits for one. */
export interface ConnectionPool {
  exchange(request: Buffer): Promise<Exchange>;
  close(): void;
}

export async function openPool(url: string, size: number): Promise<ConnectionPool> {
  const all = await Promise.all(Array.from({ length: size }, () => openHttpConnection(url)));
  const free = [...all];
  const waiting: ((connection: HttpConnection) => void)[] = [];

  function release(connection: HttpConnection): void {
    const next = waiting.shift();
    if (next) next(connection);
    else free.push(connection);
  }

  return {
    async exchange(request) {
      // The one unused for longest: a server closes what nobody asks anything over.
      const connection =
        free.shift() ?? (await new Promise<HttpConnection>((resolve) => waiting.push(resolve)));
      try {
        return await connection.exchange(request);
      } finally {
        release(connection);
      }
    },
    close() {
      for (const connection of all) connection.close();
    },
  };
}

const TICK_MS = 1;

/**
 * Lets things happen at random moments, so many a second on average, as when many people act each by
 * themselves (Poisson), whether or not those before them are done.
 *
 * @param act Is told its intended moment on the clock of `performance.now()`. Whatever comes late of
 *            it, this process included, belongs to its latency: there is no coordinated omission.
 * @returns When all have been started and are done.
 */
export async function happenAtRandom(options: {
  perSecond: number;
  seconds: number;
  act(intendedAt: number): Promise<void>;
}): Promise<void> {
  const { perSecond, seconds, act } = options;
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1_000;
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let nextAt = startedAt;

  while (nextAt < endsAt && failures.length === 0) {
    while (nextAt <= performance.now() && nextAt < endsAt) {
      const one: Promise<void> = act(nextAt)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(one));
      running.add(one);
      nextAt -= (Math.log(1 - Math.random()) / perSecond) * 1_000;
    }
    await pause(TICK_MS);
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
}
