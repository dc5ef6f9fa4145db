import { randomBytes } from 'node:crypto';
import { inject, onTestFinished } from 'vitest';
import { type Cache, openCache } from '../../../db/cache/open.ts';
import { eventually } from '../../house.ts';

/** Caches of several processes on one Redis, connected, until the end of the test. */
export async function openProcesses(
  count: number,
  {
    url = inject('serverUrls').CACHE_REDIS_URL,
    prefix = `test-${randomBytes(6).toString('hex')}`,
    // A busy machine is not to look like a Redis that is away; tests of outages say what they mean.
    answerMsMax = 10_000,
  } = {},
): Promise<Cache[]> {
  const caches = Array.from({ length: count }, () => openCache({ url, prefix, answerMsMax }));
  onTestFinished(() => caches.forEach((cache) => cache.close()));
  await Promise.all(caches.map(untilConnected));
  return caches;
}

/** Resolves when the process keeps pages in the cache. */
export async function untilConnected(cache: Cache): Promise<void> {
  const probe = { companyId: 'probe', name: randomBytes(6).toString('hex') };
  const read = () => cache.read(probe, async () => Buffer.from('probe'));
  await eventually(read, ({ from }) => from !== 'load');
}

export interface Gate {
  readonly isOpen: Promise<void>;
  open(): void;
}

export function newGate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { isOpen: promise, open: resolve };
}

/** What MySQL holds, as far as a cache cares: a number that commits raise. */
export function newTruth() {
  const truth = {
    committed: 0,
    loads: 0,
    async load(): Promise<Buffer> {
      truth.loads += 1;
      return Buffer.from(String(truth.committed));
    },
  };
  return truth;
}

export const numberIn = ({ bytes }: { bytes: Buffer }): number => Number(bytes.toString());
