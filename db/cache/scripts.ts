import type { Redis } from 'ioredis';
import type { EntryKeys } from './keys.ts';

/**
 * The steps of the cache that must be one step to everybody else (P5). An entry has four keys,
 * always given in this order:
 *
 * - `page`    the bytes, behind a header; there only while no write is under way;
 * - `head`    that header once more, for those who have the bytes already;
 * - `lease`   the token of the one reader that may fill the page;
 * - `writers` the tokens of the transactions under way that change the page, with their deadlines.
 *
 * Time is Redis's own, so that clocks of readers and writers do not matter.
 */
export interface CacheScripts {
  /** Asks to fill a page: `fill` and the epoch, `wait` for another's fill, or `bypass` the cache. */
  lease(
    keys: EntryKeys,
    lease: { token: string; newEpoch: string; leaseMs: number },
  ): Promise<Lease>;
  /** Stores a page, unless its lease was lost or its Company was invalidated meanwhile. */
  fill(
    keys: EntryKeys,
    fill: { token: string; epoch: string; page: Buffer; ttlMs: number },
  ): Promise<boolean>;
  /** Before a commit: drops pages and leases, and lets nobody fill. Tells which pages were there. */
  raise(
    entries: readonly EntryKeys[],
    writer: { token: string; deadlineMs: number },
  ): Promise<boolean[]>;
  /** After a commit: drops what could have slipped in, and lets readers fill again. */
  lift(entries: readonly EntryKeys[], token: string): Promise<void>;
  /** Drops an epoch that nobody touched for so long. Where Redis counts uses, not time, none is. */
  dropIdle(epoch: string, idleMs: number): Promise<boolean>;
}

export type Lease = { kind: 'fill'; epoch: string } | { kind: 'wait' } | { kind: 'bypass' };

const LEASE = `
local time = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', time[1] * 1000 + math.floor(time[2] / 1000))
if redis.call('EXISTS', KEYS[4]) == 1 then return {'bypass'} end
if not redis.call('SET', KEYS[3], ARGV[1], 'NX', 'PX', ARGV[3]) then return {'wait'} end
redis.call('SET', KEYS[1], ARGV[2], 'NX')
return {'fill', redis.call('GET', KEYS[1])}`;

const FILL = `
if redis.call('GET', KEYS[4]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[4])
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
redis.call('SET', KEYS[3], ARGV[2] .. ARGV[1], 'PX', ARGV[4])
return 1`;

const RAISE = `
local time = redis.call('TIME')
local deadline = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2]
local cached = {}
for at = 1, #KEYS, 4 do
  cached[#cached + 1] = redis.call('DEL', KEYS[at])
  redis.call('DEL', KEYS[at + 1], KEYS[at + 2])
  redis.call('ZADD', KEYS[at + 3], deadline, ARGV[1])
  redis.call('PEXPIRE', KEYS[at + 3], ARGV[2])
end
return cached`;

const LIFT = `
for at = 1, #KEYS, 4 do
  redis.call('DEL', KEYS[at], KEYS[at + 1], KEYS[at + 2])
  redis.call('ZREM', KEYS[at + 3], ARGV[1])
end`;

const DROP_IDLE = `
local idle = redis.pcall('OBJECT', 'IDLETIME', KEYS[1])
if type(idle) ~= 'number' or idle * 1000 < tonumber(ARGV[1]) then return 0 end
return redis.call('DEL', KEYS[1])`;

type Command = (...args: (string | number | Buffer)[]) => Promise<unknown>;
type Commands = Record<
  'cacheLease' | 'cacheFill' | 'cacheRaise' | 'cacheLift' | 'cacheDropIdle',
  Command
>;

export function defineCacheScripts(redis: Redis): CacheScripts {
  redis.defineCommand('cacheLease', { lua: LEASE, numberOfKeys: 4 });
  redis.defineCommand('cacheFill', { lua: FILL, numberOfKeys: 4 });
  redis.defineCommand('cacheRaise', { lua: RAISE });
  redis.defineCommand('cacheLift', { lua: LIFT });
  redis.defineCommand('cacheDropIdle', { lua: DROP_IDLE, numberOfKeys: 1 });
  const commands = redis as unknown as Commands; // defineCommand adds methods TypeScript cannot see.

  return {
    async lease({ epoch, page, lease, writers }, { token, newEpoch, leaseMs }) {
      const reply = await commands.cacheLease(
        epoch,
        page,
        lease,
        writers,
        token,
        newEpoch,
        leaseMs,
      );
      const [kind, current] = reply as [Lease['kind'], string];
      return kind === 'fill' ? { kind, epoch: current } : { kind };
    },
    async fill({ epoch, page, head, lease }, fill) {
      const keys = [epoch, page, head, lease];
      const { token, epoch: leased, ttlMs } = fill;
      return (await commands.cacheFill(...keys, token, leased, fill.page, ttlMs)) === 1;
    },
    async raise(entries, { token, deadlineMs }) {
      const keys = entries.flatMap(writeKeys);
      const reply = await commands.cacheRaise(keys.length, ...keys, token, deadlineMs);
      return (reply as number[]).map((deleted) => deleted === 1);
    },
    async lift(entries, token) {
      const keys = entries.flatMap(writeKeys);
      await commands.cacheLift(keys.length, ...keys, token);
    },
    dropIdle: async (epoch, idleMs) => (await commands.cacheDropIdle(epoch, idleMs)) === 1,
  };
}

function writeKeys({ page, head, lease, writers }: EntryKeys): string[] {
  return [page, head, lease, writers];
}
