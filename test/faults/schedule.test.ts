import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, openTestHouse, type TestHouse } from '../house.ts';
import { spawnRunHolder } from './fleet-process.ts';

let house: TestHouse;
beforeAll(async () => void (house = await openTestHouse()));
afterAll(() => house.close());

/** After this long nothing may hold a run any more whose process is dead. */
const LEASE_MS = 15_000;

function spawnHolder(name: string, dueAt: number) {
  const { mysqlUrl, queueRedisUrl, cacheRedisUrl, keyPrefix } = house.config;
  return spawnRunHolder({
    MYSQL_URL: mysqlUrl,
    QUEUE_REDIS_URL: queueRedisUrl,
    CACHE_REDIS_URL: cacheRedisUrl,
    KEY_PREFIX: keyPrefix,
    RUN_NAME: name,
    RUN_DUE_AT: String(dueAt),
  });
}

const recordOf = async (name: string) =>
  (await house.wiring.schedule.read()).find((record) => record.name === name);

it('a run whose process is killed neither blocks the next one, nor is it lost', async () => {
  const { schedule } = house.wiring;
  await house.runFleet();
  const run = { name: 'clean-cache', dueAt: Date.now() + 60_000 };
  const holder = spawnHolder(run.name, run.dueAt);
  await holder.ready;
  expect((await recordOf(run.name))?.last?.outcome).toBe('running');

  await holder.kill();
  const killedAt = performance.now();
  // Its own job, as the queue gives it to another worker; and the next one that is due.
  await schedule.ask(run);
  await eventually(
    () => recordOf(run.name),
    (record) => record?.last?.outcome === 'done' && record.last.dueAt === run.dueAt,
    3 * LEASE_MS,
  );
  expect(performance.now() - killedAt).toBeLessThan(2 * LEASE_MS + 5_000);

  const next = { name: run.name, dueAt: run.dueAt + 60_000 };
  await schedule.ask(next);
  const record = await eventually(
    () => recordOf(run.name),
    (found) => found?.last?.dueAt === next.dueAt && found.last.outcome === 'done',
  );
  expect(record).toMatchObject({ runs: 3, skipped: 0 });
}, 90_000);

it('a run that is due while the dead one still counts is skipped, and the one after it is not', async () => {
  const { schedule } = house.wiring;
  const dueAt = Date.now() + 3_600_000;
  const holder = spawnHolder('archive', dueAt);
  await holder.ready;
  await holder.kill();

  const { signal } = new AbortController();
  const work = { work: async () => {}, signal, isRetried: () => true };
  expect(await schedule.holdRun({ name: 'archive', dueAt: dueAt + 1 }, work)).toBe('overlapping');
  let later = dueAt + 1;
  const verdict = await eventually(
    () => schedule.holdRun({ name: 'archive', dueAt: (later += 1) }, work),
    (one) => one === 'taken',
    2 * LEASE_MS,
  );
  expect(verdict).toBe('taken');
  expect((await recordOf('archive'))?.last).toMatchObject({ dueAt: later, outcome: 'done' });
}, 60_000);
