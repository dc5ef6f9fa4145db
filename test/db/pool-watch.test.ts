import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../db/database.ts';
import { openPoolWatch } from '../../db/pool-watch.ts';
import type { Database } from '../../db/schema.ts';
import { eventually, openTestHouse, runningStatements, type TestHouse } from '../house.ts';

let house: TestHouse;
beforeAll(async () => void (house = await openTestHouse()));
afterAll(() => house?.close());

async function withPool(
  connectionsMax: number,
  use: (pool: { db: Kysely<Database>; counts: () => object }) => Promise<void>,
) {
  const watch = openPoolWatch();
  const db = openDatabase({ url: house.config.mysqlUrl, connectionsMax, watch });
  try {
    await use({ db, counts: watch.counts });
  } finally {
    await db.destroy();
  }
}

const NOTHING = { busy: 0, idle: 0, waiting: 0 };
const ask = (db: Kysely<Database>) => sql`select 1`.execute(db);
const sleep = (db: Kysely<Database>, seconds: number) => sql`select sleep(${seconds})`.execute(db);

/** Ends the connections that sleep, as a DBA would, once both do. */
async function killSleepers(): Promise<boolean> {
  const running = await runningStatements(house.db);
  const sleepers = running.filter(({ text }) => text.startsWith('select sleep('));
  if (sleepers.length < 2) return false;
  for (const { id } of sleepers) await sql`kill ${sql.raw(String(id))}`.execute(house.db);
  return true;
}

describe('the watch over the pool', () => {
  it('counts those that work, those that rest and those who wait', () =>
    withPool(2, async ({ db, counts }) => {
      expect(counts()).toEqual(NOTHING);

      const three = [sleep(db, 1), sleep(db, 1), sleep(db, 1)];
      await eventually(
        async () => counts(),
        (now) => JSON.stringify(now) === JSON.stringify({ busy: 2, idle: 0, waiting: 1 }),
      );
      await Promise.all(three);

      expect(counts()).toEqual({ busy: 0, idle: 2, waiting: 0 });
    }));

  it('forgets connections that were killed at work, also when others waited for them', () =>
    withPool(2, async ({ db, counts }) => {
      for (let round = 1; round <= 3; round += 1) {
        const asked = [sleep(db, 30), sleep(db, 30)].map((one) => one.catch(() => 'killed'));
        await eventually(killSleepers, Boolean);
        expect(await Promise.all(asked)).toEqual(['killed', 'killed']);
      }
      await eventually(
        async () => counts(),
        (now) => JSON.stringify(now) === JSON.stringify(NOTHING),
      );

      const first = [sleep(db, 30), sleep(db, 30)].map((one) => one.catch(() => 'killed'));
      const next = [ask(db), ask(db), ask(db)];
      await eventually(killSleepers, Boolean);
      await Promise.all([...first, ...next]);
      expect(counts()).toMatchObject({ busy: 0, waiting: 0 });
    }));

  it('does not count up where no server answers', async () => {
    const watch = openPoolWatch();
    const nowhere = new URL(house.config.mysqlUrl);
    nowhere.port = '1';
    const db = openDatabase({ url: nowhere.href, connectionsMax: 2, watch });

    for (let round = 1; round <= 3; round += 1) await expect(ask(db)).rejects.toThrow();

    expect(watch.counts()).toEqual(NOTHING);
    await db.destroy();
  });
});
