import { type QueueRedis, untilReady } from './connection.ts';

/**
 * Who is logged in to the admin pages, for all HTTP processes together. It is given hashes, never
 * what administrators hold. All of it rejects if Redis does not answer.
 */
export interface SessionStore {
  /** @param startedAt Milliseconds since 1970. */
  begin(sessionId: string, startedAt: number): Promise<void>;
  /** Keeps the session for as long again. Returns when it began; null if it is there no more. */
  touch(sessionId: string): Promise<number | null>;
  end(sessionId: string): Promise<void>;
}

/** Unused for so long, a session ends. */
export const SESSION_IDLE_MS = 60 * 60_000;
/** Of one installation. One more ends the one that began first. */
export const SESSIONS_MAX = 100;

/** @param connection See `openAskingConnection`. Stays the caller's: it is not closed here. */
export function openSessionStore(connection: QueueRedis, prefix: string): SessionStore {
  /** Session ids by their beginning, also of sessions that ran out: those are dropped first. */
  const index = `${prefix}:admin:sessions`;
  const keyOf = (sessionId: string) => `${prefix}:admin:session:${sessionId}`;

  async function drop(sessionIds: readonly string[]): Promise<void> {
    if (sessionIds.length === 0) return;
    await connection
      .multi()
      .del(...sessionIds.map(keyOf))
      .zrem(index, ...sessionIds)
      .exec();
  }

  return {
    async begin(sessionId, startedAt) {
      await untilReady(connection);
      await connection
        .multi()
        .set(keyOf(sessionId), String(startedAt), 'PX', SESSION_IDLE_MS)
        .zadd(index, startedAt, sessionId)
        .exec();
      await drop(await connection.zrange(index, '0', String(-SESSIONS_MAX - 1)));
    },
    async touch(sessionId) {
      await untilReady(connection);
      // In one step: one that ends meanwhile must not come back.
      const startedAt = await connection.getex(keyOf(sessionId), 'PX', SESSION_IDLE_MS);
      return startedAt === null ? null : Number(startedAt);
    },
    end: (sessionId) => drop([sessionId]),
  };
}
