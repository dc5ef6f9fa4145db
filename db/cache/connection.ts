import { once } from 'node:events';
import { Redis } from 'ioredis';
import { PipelineError } from '../../domain/errors.ts';

/** The way to Redis, and whether what Redis says may be believed. */
export interface CacheConnection {
  readonly redis: Redis;
  isReady(): boolean;
  /** @throws PipelineError `CACHE_UNREACHABLE`. */
  untilReady(): Promise<void>;
  /** The answer to a reader's question; null without one, or while Redis is not believed. */
  ask<Answer>(question: () => Promise<Answer>): Promise<Answer | null>;
  /** To be called when a command got no answer: from now on, and for a while, nothing is asked. */
  distrust(): void;
  close(): void;
}

/** A cache that takes longer than MySQL is none. */
const COMMAND_TIMEOUT_MS = 250;
const HEARTBEAT_MS = 500;
/**
 * Commands without an answer pile up in memory: after this long the connection is given up. Not
 * before the heartbeats of all others failed: what a writer has sent until then waits for Redis in
 * front of their next question, what it cannot send any more is to find them distrustful.
 */
const SILENCE_MS_MAX = 1_000;
const CONNECT_TIMEOUT_MS = 500;
/** For a caller who cannot go on without an answer. */
const READY_MS_MAX = 2_000;
const RECONNECT_MS = 200;
/** Longer than a writer takes to be back, with the two times above, and to tell of its commits. */
const DISTRUST_MS = 1_000;

/**
 * Redis that was away or stood still may give out pages from before a commit it was not told of: of
 * two commands that waited for it, the reader's may be served before the writer's. So readers leave
 * it alone until its writers have had the time to tell (see `openUntold`).
 *
 * @param url redis://…; it may be away now and come later.
 */
export function openConnection(url: string, commandTimeout = COMMAND_TIMEOUT_MS): CacheConnection {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout,
    socketTimeout: Math.max(SILENCE_MS_MAX, commandTimeout),
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: () => RECONNECT_MS,
    maxLoadingRetryTime: RECONNECT_MS,
  });
  let trustedFrom = 0;
  const isTrusted = () => performance.now() >= trustedFrom;
  const distrust = () => void (trustedFrom = performance.now() + DISTRUST_MS);

  redis.on('error', () => {}); // Each command fails by itself, and its caller goes on without it.
  redis.on('close', distrust);
  redis.on('ready', () => {
    if (trustedFrom > 0) distrust(); // It is not the first connection.
  });
  const isReady = () => redis.status === 'ready';
  const heartbeat = setInterval(() => {
    if (isReady()) redis.ping().catch(distrust);
  }, HEARTBEAT_MS).unref();

  return {
    redis,
    isReady,
    async untilReady() {
      if (isReady()) return;
      const ready = once(redis, 'ready', { signal: AbortSignal.timeout(READY_MS_MAX) });
      await ready.catch(failUnreachable);
    },
    distrust,
    async ask(question) {
      if (!isReady() || !isTrusted()) return null;
      try {
        const answer = await question();
        return isTrusted() ? answer : null;
      } catch {
        distrust();
        return null;
      }
    },
    close() {
      clearInterval(heartbeat);
      redis.disconnect();
    },
  };
}

/** For commands whose caller must know that they were not done. */
export function failUnreachable(cause: unknown): never {
  const sentence = "the cache's Redis does not answer; try again in a moment";
  throw new PipelineError('CACHE_UNREACHABLE', sentence, { retry: { afterMs: 1_000 }, cause });
}
