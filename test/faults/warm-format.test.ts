import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { instantOf } from '../../domain/instant.ts';
import { aMessage } from '../house.ts';
import { openPrivateHouse, type PrivateHouse } from './private-house.ts';

const signal = AbortSignal.timeout(600_000);

let house: PrivateHouse;
beforeAll(async () => {
  house = await openPrivateHouse();
});
afterAll(() => house?.close());

describe('a MySQL that takes no compressed tables', () => {
  // Red without the second attempt in the migration.
  it('gets a warm tier without, and is told so at each start', async () => {
    const root = await house.openRoot();
    await root.query('set global innodb_file_per_table = off');
    const wiring = await house.openWiring(); // Which brings the schema up to date.

    const message = aMessage({ createdAt: instantOf(Date.now() - 99 * 3_600_000) });
    await wiring.deps.storeMessages([message], signal);
    const batch = {
      companyId: message.companyId,
      tier: 'hot',
      before: '2999-01-01T00:00:00.000Z',
    } as const;
    expect(await wiring.archive.move(batch, { signal })).toEqual({ moved: 1 });

    const [finding] = await wiring.checkTables();
    expect(finding).toMatchObject({ severity: 'weak' });
    expect(finding?.sentence).toContain('alter table messages_warm row_format = compressed');

    await root.end();
  });
});
