import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { RequestFault } from './problem.ts';

export interface RateLimit {
  /** @throws RequestFault `TOO_MANY_REQUESTS`, with the time until there is room again. */
  take(keyId: string): void | Promise<void>;
}

type RedisClient = ConstructorParameters<typeof RateLimiterRedis>[0]['storeClient'];

const WINDOW_MS = 1_000;
/** A process takes requests from the shared count by the fiftieth: one question for many requests. */
const BLOCKS_PER_WINDOW = 50;
const KEYS_MAX = 10_000;

/** What this process may still let through, or until when it lets nothing through. */
interface Allowance {
  left: number;
  endsAt: number;
  blockedUntil: number;
  asking: Promise<void> | null;
}

/**
 * So many requests a second of one API key, by all HTTP processes together: they share a count in the
 * cache's Redis. What a process took from it and did not use is lost with the second, so with P
 * processes a key may be held up to P − 1 blocks early, never late. Without Redis each process counts
 * for itself.
 */
export function openRateLimit(options: {
  redis: RedisClient;
  prefix: string;
  requestsPerSecondMax: number;
}): RateLimit {
  const { redis, prefix, requestsPerSecondMax: points } = options;
  const window = { points, duration: WINDOW_MS / 1_000 };
  const limiter = new RateLimiterRedis({
    ...window,
    storeClient: redis,
    keyPrefix: `${prefix}:rate`,
    insuranceLimiter: new RateLimiterMemory(window),
    rejectIfRedisNotReady: true, // At once to the insurance, instead of waiting.
  });
  const block = Math.max(1, Math.floor(points / BLOCKS_PER_WINDOW));
  const allowances = new LRUCache<string, Allowance>({ max: KEYS_MAX });

  async function askForMore(keyId: string, allowance: Allowance): Promise<void> {
    try {
      const { msBeforeNext } = await limiter.consume(keyId, block);
      // What is left of the last block is spent, too: it was counted.
      const isNewWindow = performance.now() >= allowance.endsAt;
      allowance.left = (isNewWindow ? 0 : allowance.left) + block;
      allowance.endsAt = performance.now() + msBeforeNext;
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      allowance.blockedUntil = performance.now() + refusal.msBeforeNext;
    } finally {
      allowance.asking = null;
    }
  }

  /** Whoever comes while more is being asked for waits for the same answer. */
  async function takeAfterAsking(keyId: string, allowance: Allowance): Promise<void> {
    for (;;) {
      allowance.asking ??= askForMore(keyId, allowance);
      await allowance.asking;
      if (spend(allowance)) return;
    }
  }

  return {
    take(keyId) {
      let allowance = allowances.get(keyId);
      if (!allowance) {
        allowance = { left: 0, endsAt: 0, blockedUntil: 0, asking: null };
        allowances.set(keyId, allowance);
      }
      return spend(allowance) ? undefined : takeAfterAsking(keyId, allowance);
    },
  };

  /** @returns Whether there was something left of this second. */
  function spend(allowance: Allowance): boolean {
    const now = performance.now();
    if (now < allowance.blockedUntil) throw tooManyRequests(points, allowance.blockedUntil - now);
    if (allowance.left < 1 || now >= allowance.endsAt) return false;
    allowance.left -= 1;
    return true;
  }
}

const tooManyRequests = (points: number, afterMs: number) =>
  new RequestFault(
    'TOO_MANY_REQUESTS',
    `this API key may send ${points} requests a second; send fewer, or many messages in one call`,
    { retry: { afterMs } },
  );
