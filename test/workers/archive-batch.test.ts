import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dayOf, instantOf } from '../../domain/instant.ts';
import { archiveMessages } from '../../workers/archive-batch.ts';
import { aMessage, eventually, openTestHouse, type TestHouse } from '../house.ts';

const HOUR_MS = 3_600_000;
const ago = (hours: number) => instantOf(Date.now() - hours * HOUR_MS);

describe('archive-batch', () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await openTestHouse();
  });
  afterAll(() => house.close());

  const signal = AbortSignal.timeout(600_000);
  const total = async (companyId: string) => {
    const days = (await house.wiring.readLedger()).filter((day) => day.companyId === companyId);
    const sum = (tier: 'stored' | 'hot' | 'warm') => days.reduce((all, day) => all + day[tier], 0);
    return { stored: sum('stored'), hot: sum('hot'), warm: sum('warm') };
  };

  it('moves what is older than the moment of the job, and leaves the rest', async () => {
    const old = [aMessage({ createdAt: ago(50) }), aMessage({ createdAt: ago(40) })];
    const young = aMessage({ createdAt: ago(30) });
    await house.wiring.deps.storeMessages([...old, young], signal);
    const batch = { companyId: 'padaria', tier: 'hot', before: ago(35) } as const;

    expect(await archiveMessages(batch, house.wiring.deps, signal)).toEqual({ moved: 2 });
    expect(await archiveMessages(batch, house.wiring.deps, signal)).toEqual({ moved: 0 });

    expect(await total('padaria')).toEqual({ stored: 3, hot: 1, warm: 2 });
    const page = await house.wiring.findMessages({ companyId: 'padaria', limit: 50 });
    expect(page.messages).toEqual([...old, young]);
  });

  it('finds out by itself what is due, by the ages of the installation', async () => {
    const fleetHouse = await openTestHouse();
    try {
      const messages = [90, 60, 2, 1].map((hours) => aMessage({ createdAt: ago(hours) }));
      await fleetHouse.wiring.deps.storeMessages(messages, signal);
      await fleetHouse.runFleet({ hotHours: 24, warmDays: 30 });
      const { wiring } = fleetHouse;
      // Ages are written by whoever brings the schema up to date.
      const ages = await fleetHouse.db.selectFrom('tier_ages').selectAll().execute();
      expect(ages).toEqual([{ company_no: 0, hot_hours: 24, warm_days: 30 }]);

      await wiring.queue.enqueue('archive-batch', {});

      const days = await eventually(
        () => wiring.readLedger(),
        (ledger) => ledger.reduce((sum, day) => sum + day.warm, 0) === 2,
      );
      const oldest = dayOf(messages[0]?.createdAt ?? '');
      expect(days.find(({ day }) => day === oldest)).toMatchObject({ hot: 0, warm: 1 });
    } finally {
      await fleetHouse.close();
    }
  });
});
