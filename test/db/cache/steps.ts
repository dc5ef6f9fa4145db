import type { CacheEntry } from '../../../db/cache/keys.ts';
import type { Cache } from '../../../db/cache/open.ts';
import type { WriteFence } from '../../../db/cache/fences.ts';
import { newGate, numberIn } from './processes.ts';

/** One entry, what MySQL holds of it, and what went on around it. */
export interface World {
  readonly entry: CacheEntry;
  committed: number;
  /** What a reader that starts now must see at the least. */
  promised: number;
  readonly reads: Promise<unknown>[];
  readonly broken: string[];
}

/** Somebody who does one thing after another; between them others take their turns. */
export interface Actor {
  readonly name: string;
  readonly steps: readonly (() => Promise<void>)[];
}

/** Starts (lookup and lease), then loads, then fills and answers. */
export function reader(world: World, name: string, cache: Cache): Actor {
  const [looksAtMysql, goesOn] = [newGate(), newGate()];

  async function load(): Promise<Buffer> {
    await looksAtMysql.isOpen;
    const seen = world.committed;
    await goesOn.isOpen;
    return Buffer.from(String(seen));
  }
  async function read(): Promise<void> {
    const { promised } = world;
    const seen = numberIn(await cache.read(world.entry, load));
    if (seen < promised) world.broken.push(`${name} saw ${seen}, not ${promised}`);
  }
  return {
    name,
    steps: [
      async () => {
        world.reads.push(read());
        // L1's question, which is asked at the end of the turn, lookup, lease.
        for (let trip = 0; trip < 4; trip += 1) await roundTrip();
      },
      async () => looksAtMysql.open(),
      async () => {
        goesOn.open();
        for (let trip = 0; trip < 2; trip += 1) await roundTrip(); // The second one is past the fill.
      },
    ],
  };

  /** What was asked before on the same connection is answered before. */
  async function roundTrip(): Promise<void> {
    await cache.invalidate({ companyId: world.entry.companyId, name: 'other' });
  }
}

/** Raises its fence, commits, lifts the fence. */
export function writer(world: World, name: string, cache: Cache): Actor {
  let fence: WriteFence | undefined;
  return {
    name,
    steps: [
      async () => void (fence = await cache.fence([world.entry])),
      async () => void (world.promised = world.committed += 1),
      async () => fence?.lift(),
    ],
  };
}

/** Changes data behind the cache's back, then tells it. */
export function outsider(world: World, name: string, invalidate: () => Promise<void>): Actor {
  return {
    name,
    steps: [
      async () => void (world.committed += 1),
      async () => {
        await invalidate();
        world.promised = world.committed;
      },
    ],
  };
}

/** All orders in which the actors can take their turns; each order is a list of their indices. */
export function interleavings(steps: readonly number[]): number[][] {
  if (steps.every((left) => left === 0)) return [[]];
  return steps.flatMap((left, actor) => {
    if (left === 0) return [];
    const rest = interleavings(steps.with(actor, left - 1));
    return rest.map((order) => [actor, ...order]);
  });
}
