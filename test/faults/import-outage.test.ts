import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fingerprintOf, mapSource, openMapper } from '../../bin/import/mapping.ts';
import { openRejects } from '../../bin/import/rejects.ts';
import type { Batch, Source } from '../../bin/import/source.ts';
import { storeRows } from '../../bin/import/store-rows.ts';
import type { Wiring } from '../../wiring.ts';
import { aMessage } from '../house.ts';
import { openPrivateHouse, type PrivateHouse } from './private-house.ts';

const RECORDS_PER_BATCH = 500;
const BATCHES = 6;
const OUTAGE_MS = 1_500;

let house: PrivateHouse;
let wiring: Wiring;
beforeAll(async () => {
  house = await openPrivateHouse();
  wiring = await house.openWiring();
});
afterAll(() => house?.close());

describe('an import while MySQL is away', () => {
  it('waits for it, and goes on', async () => {
    const source = sourceOf(async (nth) => {
      if (nth !== 3) return;
      await house.kill('mysql');
      setTimeout(() => void house.restart(), OUTAGE_MS);
    });
    const mapping = mapSource(source, { rules: {}, roles: {} });
    const work = {
      source,
      toMessage: openMapper(mapping, Date.now()),
      fingerprint: fingerprintOf(source, mapping),
      rejects: openRejects(undefined),
      recordsAtOnce: RECORDS_PER_BATCH,
      signal: AbortSignal.timeout(60_000),
    };

    const reached = await storeRows(wiring, work, { advance() {}, end() {} });

    const all = RECORDS_PER_BATCH * BATCHES;
    // An answer may have been lost with the server: then what it stored counts as a duplicate.
    expect(reached).toMatchObject({ read: all, refused: 0 });
    const { counts, faults } = await wiring.verify({ isDeep: false, signal: work.signal });
    expect(faults).toEqual([]);
    expect(counts.hot).toBe(all);
  }, 90_000);
});

/** Some batches of Messages; before each, something may happen. */
function sourceOf(before: (nth: number) => Promise<void>): Source {
  const batches = Array.from({ length: BATCHES }, (_, nth): Batch => {
    const records = Array.from({ length: RECORDS_PER_BATCH }, (__, at) => {
      const values = { ...aMessage({ conversationId: `chat-${at % 50}` }) };
      return { place: `${nth} ${at}`, values, fault: null };
    });
    return { origin: 'a test', records, position: String(nth) };
  });
  const samples = batches.slice(0, 1).flatMap(({ records }) => records.map(({ values }) => values));
  return {
    name: 'a test',
    identity: 'a test',
    columns: Object.keys(aMessage()),
    samples: samples.filter((values) => values !== null),
    total: () => null,
    async *batches() {
      for (const [nth, batch] of batches.entries()) {
        await before(nth);
        yield batch;
      }
    },
    close: async () => {},
  };
}
