import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aMessage, openTestHouse, type TestHouse } from '../../house.ts';

const signal = AbortSignal.timeout(600_000);

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

  // Large texts fill a Segment with few rows, so that two of them stay small for ever.
  it('does not put together again what it has made', async () => {
    const { wiring, db } = house;
    const companyId = 'large-texts';
    for (const day of ['2025-06-01', '2025-06-02']) {
      await wiring.deps.storeMessages(
        [aMessage({ companyId, createdAt: `${day}T10:00:00.000Z` })],
        signal,
      );
      await wiring.archive.move(
        { companyId, tier: 'hot', before: '2025-07-01T00:00:00.000Z' },
        { signal },
      );
      await wiring.archive.move({ companyId, tier: 'warm', day }, { signal });
    }
    const [{ company_no } = { company_no: 0 }] = await db
      .selectFrom('companies')
      .select('company_no')
      .where('company_id', '=', companyId)
      .execute();
    const ages = { company_no, hot_hours: 24, warm_days: 30 };
    await db.insertInto('tier_ages').values(ages).execute();
    const month = { companyId, tier: 'cold', month: '2025-06' } as const;
    const due = async () =>
      (await wiring.archive.findRipe({ companyId })).filter(({ tier }) => tier === 'cold');
    expect(await due()).toEqual([month]);

    await db
      .updateTable('segments')
      .set({ made_by: 'compact' })
      .where('day', 'like', '2025-06-%')
      .execute();

    expect(await due()).toEqual([]);
    expect(await wiring.archive.move(month, { signal })).toEqual({ moved: 0 });
  });
});
