import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { instantOf } from '../../domain/instant.ts';
import { aMessage, openTestHouse, type TestHouse } from '../house.ts';

const HOUR_MS = 3_600_000;
const ago = (hours: number) => instantOf(Date.now() - hours * HOUR_MS);

describe('the ages of a Company', () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await openTestHouse({ HOT_HOURS: '24', WARM_DAYS: '30' });
    const messages = ['patient', 'others'].map((companyId) =>
      aMessage({ companyId, createdAt: ago(40) }),
    );
    // Before they are that old: else they are stored in the tier of their age.
    await house.db.updateTable('tier_ages').set({ hot_hours: 48 }).execute();
    await house.wiring.deps.storeMessages(messages, AbortSignal.timeout(60_000));
    await house.wiring.migrate();
  });
  afterAll(() => house.close());

  const ripe = async () =>
    (await house.wiring.archive.findRipe())
      .map(({ companyId, tier }) => `${companyId} ${tier}`)
      .toSorted();

  it('are the installation’s, until it has its own', async () => {
    expect(await ripe()).toEqual(['others hot', 'patient hot']);

    expect(await house.wiring.ages.set('patient', { hotHours: 96, warmDays: 60 })).toBe(true);
    expect(await ripe()).toEqual(['others hot']);
    expect(await house.wiring.ages.list()).toEqual([
      { companyId: null, hotHours: 24, warmDays: 30 },
      { companyId: 'patient', hotHours: 96, warmDays: 60 },
    ]);

    expect(await house.wiring.ages.set('patient', null)).toBe(true);
    expect(await ripe()).toEqual(['others hot', 'patient hot']);
    expect(await house.wiring.ages.set('nobody', { hotHours: 1, warmDays: 1 })).toBe(false);
  });

  it('decide where a late Message lands', async () => {
    await house.wiring.ages.set('patient', { hotHours: 96, warmDays: 60 });
    const late = ['patient', 'third'].map((companyId) =>
      aMessage({ companyId, createdAt: ago(30) }),
    );
    await house.wiring.deps.storeMessages(late, AbortSignal.timeout(60_000));

    const tiers = (await house.wiring.readLedger()).map(({ companyId, hot, warm }) => {
      return [companyId, hot, warm];
    });
    expect(tiers.filter(([companyId]) => companyId === 'third')).toEqual([['third', 0, 1]]);
    const warm = tiers.filter(([companyId]) => companyId === 'patient').map(([, , count]) => count);
    expect(warm.every((count) => count === 0)).toBe(true);
  });
});
