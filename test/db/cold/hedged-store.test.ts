import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFileStore } from '../../../db/cold/file-store.ts';
import { openHedgedStore } from '../../../db/cold/hedged-store.ts';
import type { ColdStore } from '../../../db/cold/store.ts';

const KEY = 'company=a/one.parquet';
const RANGE = { from: 0, to: 3 };

let folder: string;
let files: ColdStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'camadas-hedged-'));
  files = openFileStore(pathToFileURL(folder).href);
  await files.put(
    KEY,
    (async function* () {
      yield Uint8Array.of(1, 2, 3);
    })(),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A folder of which some reads take their time: those whose number is listed end when told. */
function withSlowReads(isSlow: (nth: number) => boolean) {
  const slow: PromiseWithResolvers<void>[] = [];
  let reads = 0;
  const store: ColdStore = {
    ...files,
    async read(key, range) {
      reads += 1;
      if (isSlow(reads)) {
        const end = Promise.withResolvers<void>();
        slow.push(end);
        await end.promise;
      }
      return files.read(key, range);
    },
  };
  return { store, slow, reads: () => reads };
}

describe('a store that is asked twice', () => {
  it('answers with what comes first', async () => {
    const { store, slow, reads } = withSlowReads((nth) => nth === 1);

    expect(await openHedgedStore(store, 5).read(KEY, RANGE)).toEqual(Uint8Array.of(1, 2, 3));
    expect(reads()).toBe(2);
    for (const end of slow) end.resolve();
  });

  it('is not, while it answers in time', async () => {
    const { store, reads } = withSlowReads(() => false);
    const hedged = openHedgedStore(store, 5_000);

    for (let nth = 0; nth < 20; nth += 1) await hedged.read(KEY, RANGE);
    expect(reads()).toBe(20);
  });

  it('gets no more load by it when it is slow for all', async () => {
    const { store, slow, reads } = withSlowReads(() => true);
    const hedged = openHedgedStore(store, 1);

    const asked = Array.from({ length: 50 }, () => hedged.read(KEY, RANGE));
    await Promise.race([Promise.all(asked), eventuallyReads(reads, 60)]);
    for (let at = 0; at < slow.length; at += 1) slow[at]?.resolve();
    await Promise.all(asked);
    expect(reads()).toBeLessThanOrEqual(50 + 15);
  });

  it('tells the fault of the first when both fail', async () => {
    const { store } = withSlowReads(() => false);

    const reading = openHedgedStore(store, 0).read('company=a/none.parquet', RANGE);
    await expect(reading).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
  });
});

async function eventuallyReads(reads: () => number, wanted: number): Promise<void> {
  const endsAt = performance.now() + 5_000;
  while (reads() < wanted && performance.now() < endsAt) await new Promise(setImmediate);
}
