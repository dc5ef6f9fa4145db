import { describe, expect, it } from 'vitest';
import type { Cache } from '../../../db/cache/open.ts';
import { eventually } from '../../house.ts';
import { numberIn, openProcesses } from './processes.ts';
import { type Actor, interleavings, outsider, reader, type World, writer } from './steps.ts';

/** Interleavings that run at once, each on a Company of its own. */
const WORLDS_AT_ONCE = 240;

type Cast = (world: World, caches: readonly [Cache, Cache]) => Actor[];

describe('P5: every order of the steps of readers and writers shows what was committed', () => {
  // Red without the look at the lease by `fill`; without `lift`.
  it('one reader, one writer', async () => {
    const played = await playAll((world, [one, two]) => [
      reader(world, 'r', one),
      writer(world, 'w', two),
    ]);
    expect(played).toEqual({ orders: 20, broken: [] });
  });

  // Red without the look at the lease by `fill`; without `lift`.
  it('one reader, two writers that overlap', async () => {
    const played = await playAll((world, [one, two]) => [
      reader(world, 'r', one),
      writer(world, 'v', one),
      writer(world, 'w', two),
    ]);
    expect(played).toEqual({ orders: 1_680, broken: [] });
  });

  // Red when `raise` leaves the page or the lease; when `lease` ignores writers; when L1 asks nobody.
  it.each([false, true])('two readers in two processes, one writer; warm: %s', async (isWarm) => {
    const played = await playAll(
      (world, [one, two]) => [
        reader(world, 'q', one),
        reader(world, 'r', two),
        writer(world, 'w', two),
      ],
      isWarm,
    );
    expect(played).toEqual({ orders: 1_680, broken: [] });
  });

  // Red when who joins a load takes what it brought although the fill was refused.
  it('two readers in one process, one writer in another', async () => {
    const played = await playAll((world, [one, two]) => [
      reader(world, 'q', one),
      reader(world, 'r', one),
      writer(world, 'w', two),
    ]);
    expect(played).toEqual({ orders: 1_680, broken: [] });
  });

  // Red when `invalidate` leaves the lease.
  it('two readers in one process, and an entry invalidated by another', async () => {
    const played = await playAll((world, [one, two]) => [
      reader(world, 'q', one),
      reader(world, 'r', one),
      outsider(world, 'i', () => two.invalidate(world.entry)),
    ]);
    expect(played).toEqual({ orders: 560, broken: [] });
  });

  // Red when `fill` does not compare the epoch.
  it('two readers in one process, and a Company invalidated by another', async () => {
    const played = await playAll((world, [one, two]) => [
      reader(world, 'q', one),
      reader(world, 'r', one),
      outsider(world, 'i', () => two.invalidateCompany(world.entry.companyId)),
    ]);
    expect(played).toEqual({ orders: 560, broken: [] });
  });
});

/** Plays all orders: on an empty cache, or on one where both processes have the page. */
async function playAll(cast: Cast, isWarm = false): Promise<{ orders: number; broken: string[] }> {
  const caches = (await openProcesses(2)) as [Cache, Cache];
  const anybody = cast(newWorld('nobody'), caches);
  const orders = interleavings(anybody.map(({ steps }) => steps.length));
  const broken: string[] = [];
  for (let at = 0; at < orders.length; at += WORLDS_AT_ONCE) {
    const some = orders.slice(at, at + WORLDS_AT_ONCE);
    const worlds = some.map((order) => play(order, { cast, caches, isWarm }));
    broken.push(...(await Promise.all(worlds)).flat());
  }
  return { orders: orders.length, broken };
}

async function play(
  order: readonly number[],
  { cast, caches, isWarm }: { cast: Cast; caches: readonly [Cache, Cache]; isWarm: boolean },
): Promise<string[]> {
  const names = cast(newWorld('nobody'), caches).map(({ name }) => name);
  const title = order.map((actor) => names[actor]).join('');
  const world = newWorld(title);
  if (isWarm) for (const cache of caches) await readNow(world, cache);

  const actors = cast(world, caches).map(({ steps }) => steps[Symbol.iterator]());
  for (const actor of order) await actors[actor]?.next().value?.();
  await Promise.all(world.reads);
  await expectFresh(world, caches);
  return world.broken.map((fault) => `${title}: ${fault}`);
}

/** When all is over each process sees the last commit, and then keeps it. */
async function expectFresh(world: World, caches: readonly Cache[]): Promise<void> {
  for (const cache of caches) {
    const { seen } = await readNow(world, cache);
    if (seen !== world.committed) world.broken.push(`${seen} in the end, not ${world.committed}`);
  }
  for (const cache of caches) {
    const isKept = await eventually(
      () => readNow(world, cache),
      ({ from }) => from !== 'load',
      2_000,
    )
      .then(({ seen }) => seen === world.committed)
      .catch(() => false);
    if (!isKept) world.broken.push('not kept in the end');
  }
}

async function readNow(world: World, cache: Cache): Promise<{ seen: number; from: string }> {
  const found = await cache.read(world.entry, async () => Buffer.from(String(world.committed)));
  return { seen: numberIn(found), from: found.from };
}

function newWorld(title: string): World {
  const entry = { companyId: title, name: 'page' };
  return { entry, committed: 0, promised: 0, reads: [], broken: [] };
}
