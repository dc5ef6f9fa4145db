import { describe, expect, it } from 'vitest';
import type { Cache } from '../../../db/cache/open.ts';
import { newTruth, numberIn, openProcesses } from './processes.ts';

const loadTooMuch = async () => Buffer.alloc(1024 * 1024 + 1);
const page = (no: number) => ({ companyId: 'padaria', name: `page ${no}` });

describe('L1', () => {
  // Red when L1 answers without asking Redis.
  it('P5: shows the commit of another process at the very next read, 200 times', async () => {
    const [one, two] = (await openProcesses(2)) as [Cache, Cache];
    const truth = newTruth();
    const seen = async () => numberIn(await one.read(page(1), truth.load));

    for (let round = 1; round <= 200; round += 1) {
      await seen();
      await seen(); // From L1 now.
      const fence = await two.fence([page(1)]);
      truth.committed = round;
      expect(await seen()).toBe(round);
      await fence.lift();
      expect(await seen()).toBe(round);
    }
  });

  it('answers for what was read here, Redis for what was read elsewhere', async () => {
    const [one, two] = (await openProcesses(2)) as [Cache, Cache];
    const { load } = newTruth();

    expect((await one.read(page(1), load)).from).toBe('load');
    expect((await one.read(page(1), load)).from).toBe('l1');
    expect((await two.read(page(1), load)).from).toBe('redis');
    expect((await two.read(page(1), load)).from).toBe('l1');
  });

  // Red without a limit of items.
  it('P8: holds the last 1,000 pages', async () => {
    const [cache] = (await openProcesses(1)) as [Cache];
    const { load } = newTruth();
    const pages = Array.from({ length: 1_001 }, (_, no) => page(no));
    for (const entry of pages) await cache.read(entry, load);

    const oldest = await cache.read(page(0), load); // Takes the place of page 1.
    expect(oldest.from).toBe('redis');
    const kept = await Promise.all(pages.slice(2).map((entry) => cache.read(entry, load)));
    expect(new Set(kept.map(({ from }) => from))).toEqual(new Set(['l1']));
    expect((await cache.read(page(1), load)).from).toBe('redis');
  });

  // Red without a limit of bytes in a page.
  it('P8: keeps no page of more than 1 MiB, here or in Redis', async () => {
    const [one, two] = (await openProcesses(2)) as [Cache, Cache];
    for (const cache of [one, one, two]) {
      const { bytes, from } = await cache.read(page(1), loadTooMuch);
      expect({ from, length: bytes.length }).toEqual({ from: 'load', length: 1024 * 1024 + 1 });
    }
  });
});
