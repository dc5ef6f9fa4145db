import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../db/database.ts';
import { migrate } from '../../db/migrate.ts';
import { openTestHouse, type TestHouse } from '../house.ts';

describe('migrate', () => {
  let house: TestHouse;
  beforeAll(async () => void (house = await openTestHouse()));
  afterAll(() => house.close());

  it('does nothing where all is done, and harms nothing', async () => {
    await house.db.insertInto('companies').values({ company_id: 'padaria' }).execute();
    expect(await migrate(house.db)).toEqual([]);
    expect(await house.wiring.migrate()).toEqual([]);
    const companies = await house.db.selectFrom('companies').select('company_id').execute();
    expect(companies).toEqual([{ company_id: 'padaria' }]);
  });

  it('runs each migration once when many processes start at the same moment', async () => {
    const name = `${house.name}_new`;
    const admin = await createConnection(house.config.mysqlUrl);
    await admin.query(`create database ${name}`);
    const url = new URL(house.config.mysqlUrl);
    url.pathname = `/${name}`;
    const pools = Array.from({ length: 4 }, () =>
      openDatabase({ url: url.href, connectionsMax: 2 }),
    );

    const ran = await Promise.all(pools.map(migrate));

    const names = ran.flat();
    expect(names.length).toBeGreaterThan(0);
    expect(names).toEqual([...new Set(names)].toSorted());
    expect(ran.filter((one) => one.length > 0)).toHaveLength(1);
    for (const pool of pools) {
      expect(await pool.selectFrom('messages_hot').selectAll().execute()).toEqual([]);
    }

    await Promise.all(pools.map((pool) => pool.destroy()));
    await admin.query(`drop database ${name}`);
    await admin.end();
  });
});
