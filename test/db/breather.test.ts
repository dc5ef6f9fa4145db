import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { breathe } from '../../db/breather.ts';
import { eventually, openTestHouse, runningStatements, type TestHouse } from '../house.ts';

const TOOK_MS = 100;
/** Node's timers may be early by some. */
const EARLY_MS = 5;

let house: TestHouse;
beforeAll(async () => void (house = await openTestHouse()));
afterAll(() => house?.close());

/** Milliseconds between two transactions of a move. */
async function timeRest(): Promise<number> {
  const replicaLag = { seconds: async () => 0 };
  const startedAt = performance.now();
  const breathing = { db: house.db, replicaLag, lagSecondsMax: 1 };
  await breathe(breathing, TOOK_MS, AbortSignal.timeout(20_000));
  return performance.now() - startedAt;
}

describe('a move between two of its transactions', () => {
  it('rests as long as the last one took', async () => {
    expect(await timeRest()).toBeGreaterThan(TOOK_MS - EARLY_MS);
  });

  it('rests four times as long while somebody waits for the lock of a row', async () => {
    await house.db.insertInto('companies').values({ company_id: 'padaria' }).execute();
    const holder = await house.db.startTransaction().execute();
    await sql`select * from companies for update`.execute(holder);
    const waiting = sql`update companies set hot_since = null`.execute(house.db);
    await eventually(
      () => runningStatements(house.db),
      (all) => all.some(({ text }) => text.startsWith('update companies')),
    );
    await eventually(countLockWaits, (count) => count > 0);

    const restMs = await timeRest();
    await holder.rollback().execute();
    await waiting;

    expect(restMs).toBeGreaterThan(4 * TOOK_MS - EARLY_MS);
  });
});

async function countLockWaits(): Promise<number> {
  const { rows } = await sql<{ Value: string }>`
    show global status like 'Innodb_row_lock_current_waits'`.execute(house.db);
  return Number(rows[0]?.Value);
}
