import { describe, expect, it } from 'vitest';
import type { Cache } from '../../../db/cache/open.ts';
import { newGate, newTruth, numberIn, openProcesses } from './processes.ts';

const entry = { companyId: 'padaria', name: 'page' };
const times = <T>(count: number, call: () => T): T[] => Array.from({ length: count }, call);

describe('a page that is not cached', () => {
  // Red when readers neither join a flight nor wait for the lease; one of the two is enough here.
  it('is loaded once for 200 readers in one process', async () => {
    const [cache] = (await openProcesses(1)) as [Cache];
    const truth = newTruth();
    await Promise.all(times(200, () => cache.read(entry, truth.load)));
    expect(truth.loads).toBe(1);
  });

  // Red when readers neither join a flight nor wait for the lease.
  it('is loaded once or twice for 200 readers in two processes', async () => {
    const caches = await openProcesses(2);
    const truth = newTruth();
    const reads = caches.flatMap((cache) => times(100, () => cache.read(entry, truth.load)));
    await Promise.all(reads);
    expect(truth.loads).toBeLessThanOrEqual(2);
  });

  // Red when readers whose flights are refused load each for himself.
  it('P8: is loaded at most twice for 200 readers while it is being written', async () => {
    const [cache] = (await openProcesses(1)) as [Cache];
    const truth = newTruth();
    await cache.fence([entry]);
    await Promise.all(times(200, () => cache.read(entry, truth.load)));
    expect(truth.loads).toBeLessThanOrEqual(2);
  });

  // Red when a flight that landed stays in the list of flights.
  it('fails the readers of a load that failed, and is loaded by the next one', async () => {
    const [cache] = (await openProcesses(1)) as [Cache];
    const truth = newTruth();
    let failures = 0;
    const fail = async () => {
      failures += 1;
      throw new Error('MySQL is away');
    };

    const reads = await Promise.allSettled(times(200, () => cache.read(entry, fail)));
    expect(new Set(reads.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(failures).toBeLessThanOrEqual(2);
    expect(numberIn(await cache.read(entry, truth.load))).toBe(0);
  });

  // Red when a reader waits for the fill of another process without a limit.
  it('is loaded by others, soon, when the reader that holds its lease died', async () => {
    const [dying, living] = (await openProcesses(2)) as [Cache, Cache];
    const [started, truth] = [newGate(), newTruth()];
    void dying.read(entry, () => {
      started.open();
      return new Promise<Buffer>(() => {});
    });
    await started.isOpen;

    const startedAt = performance.now();
    const reads = await Promise.all(times(200, () => living.read(entry, truth.load)));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(new Set(reads.map(numberIn))).toEqual(new Set([0]));
    expect(truth.loads).toBeLessThanOrEqual(2);
  });
});
