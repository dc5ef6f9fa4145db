import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aMessage, openTestHouse, type TestHouse } from '../../house.ts';

const signal = AbortSignal.timeout(60_000);

describe('compaction', () => {
  let house: TestHouse;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'camadas-compact-'));
    house = await openTestHouse({ ARCHIVE_URL: pathToFileURL(folder).href });
  });
  afterAll(async () => {
    await house.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(['2025-11', '2024-02', '2025-12'])(
    'puts the days of %s together, however many it has',
    async (month) => {
      const { wiring } = house;
      const companyId = `of ${month}`;
      const days = [`${month}-01`, `${month}-28`, `${month}-${month === '2024-02' ? 29 : 30}`];
      const messages = days.map((day) =>
        aMessage({ companyId, createdAt: `${day}T23:59:59.999Z`, content: day }),
      );
      await wiring.deps.storeMessages(messages, signal);
      const before = '2026-01-02T00:00:00.000Z';
      await wiring.archive.move({ companyId, tier: 'hot', before }, { signal });
      for (const day of days)
        await wiring.archive.move({ companyId, tier: 'warm', day }, { signal });

      const moved = await wiring.archive.move({ companyId, tier: 'cold', month }, { signal });

      expect(moved).toEqual({ moved: 3 });
      const page = await wiring.findMessages({ companyId, limit: 10 });
      expect(page.messages).toEqual(messages);
      const { faults } = await wiring.verify({ isDeep: false, signal });
      expect(faults).toEqual([]);
    },
  );
});
