import { isIP } from 'node:net';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { type QueueRedis, untilReady } from '../queues/connection.ts';
import { queueUnreachable, RequestFault } from './problem.ts';

/** Bounds how often anybody may guess the password. */
export interface Lockout {
  /**
   * Counts a try, before the password is looked at: of many at once no more get through.
   *
   * @param address As Express sees it; undefined if the caller has gone.
   * @throws RequestFault `TOO_MANY_REQUESTS` with the time until the next try, or
   *   `QUEUE_UNREACHABLE`: what cannot be counted is not tried.
   */
  take(address: string | undefined): Promise<void>;
  /** The password was right: forgets the tries of this address, and remembers the address. */
  forgive(address: string | undefined): Promise<void>;
}

export interface LockoutOptions {
  readonly redis: QueueRedis;
  readonly prefix: string;
  readonly windowSeconds?: number;
  /** Of one address in one window. */
  readonly triesMax?: number;
  /** Of all addresses nobody has logged in from, together. */
  readonly strangersTriesMax?: number;
}

const DEFAULTS = { windowSeconds: 15 * 60, triesMax: 5, strangersTriesMax: 25 };
const KNOWN_SECONDS = 30 * 24 * 60 * 60;
const EVERYBODY = 'everybody';
const THIS_MACHINE = 'this-machine';

/**
 * Two bounds: one for each address, and one for all together, so that many addresses get no more
 * tries than a few: 2,400 a day. The second would let anybody keep administrators out, so it
 * leaves out this machine and whoever has logged in during the last 30 days; they have the first alone.
 */
export function openLockout(given: LockoutOptions): Lockout {
  const { redis, prefix, windowSeconds, triesMax, strangersTriesMax } = { ...DEFAULTS, ...given };
  const count = (name: string, points: number, duration = windowSeconds) =>
    new RateLimiterRedis({
      storeClient: redis,
      keyPrefix: `${prefix}:admin:${name}`,
      points,
      duration,
    });
  const tries = count('tries', triesMax);
  const strangersTries = count('strangers-tries', strangersTriesMax);
  const known = count('known', 1, KNOWN_SECONDS);

  async function isKnown(who: string): Promise<boolean> {
    return who === THIS_MACHINE || (await known.get(who)) !== null;
  }

  return {
    take: (address) =>
      counted(redis, async () => {
        const who = whoIs(address);
        await tries.consume(who);
        if (!(await isKnown(who))) await strangersTries.consume(EVERYBODY);
      }),
    forgive: (address) =>
      counted(redis, async () => {
        const who = whoIs(address);
        if (!(await isKnown(who))) await strangersTries.reward(EVERYBODY);
        await Promise.all([tries.delete(who), known.set(who, 1, KNOWN_SECONDS)]);
      }),
  };
}

async function counted(redis: QueueRedis, count: () => Promise<void>): Promise<void> {
  try {
    await untilReady(redis);
    await count();
  } catch (refusal) {
    if (refusal instanceof RateLimiterRes) throw tooManyTries(refusal.msBeforeNext);
    throw queueUnreachable(refusal);
  }
}

/** Whoever has one IPv6 address has the 2^64 beside it, too. */
function whoIs(address = ''): string {
  const [, mapped] = /^::ffff:([\d.]+)$/i.exec(address) ?? [];
  const plain = mapped ?? address;
  if (isIP(plain) === 4) return plain.startsWith('127.') ? THIS_MACHINE : plain;
  if (isIP(plain) !== 6) return 'unknown';
  return plain === '::1' ? THIS_MACHINE : `${networkOf(plain)}::/64`;
}

function networkOf(address: string): string {
  const [withoutZone = ''] = address.split('%');
  const canonical = new URL(`http://[${withoutZone}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const after = (tail ?? '').split(':').filter((group) => group !== '').length;
  const zeros = tail === undefined ? 0 : 8 - groups.length - after;
  return [...groups, ...Array<string>(zeros).fill('0'), ...(tail ?? '').split(':')]
    .slice(0, 4)
    .join(':');
}

const tooManyTries = (afterMs: number) => {
  const minutes = Math.ceil(afterMs / 60_000);
  return new RequestFault(
    'TOO_MANY_REQUESTS',
    `too many failed logins; try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}`,
    { retry: { afterMs } },
  );
};
