import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../db/database.ts';
import { HOUR_MS } from '../../domain/instant.ts';
import { all, countedByHand, someConversations } from '../db/usage/counted.ts';
import { eventually } from '../house.ts';
import { countStored, openPrivateHouse, type PrivateHouse } from './private-house.ts';

let house: PrivateHouse;
beforeAll(async () => void (house = await openPrivateHouse()));
afterAll(() => house?.close());

const dayOfMs = (timeMs: number) => new Date(timeMs).toISOString().slice(0, 10);
const DAY_MS = 24 * HOUR_MS;
const signal = AbortSignal.timeout(300_000);
const PAST = { isTodayMeant: false };

it('counts each message once, late ones too, though workers are killed three times', async () => {
  const wiring = await house.openWiring();
  const producer = house.openProducer({ messagesPerJobMax: 5 });
  const days = [60, 3, 2, 1].map((ago) => dayOfMs(Date.now() - ago * DAY_MS));
  const companies = Array.from({ length: 30 }, (_, nth) => `empresa-${nth}`);
  const messages = companies.flatMap((companyId) => someConversations(companyId, days));
  await producer.createMessages(messages);
  const asked = await house.openRoot();

  for (let deaths = 0; deaths < 3; deaths += 1) {
    const before = await countStored(asked);
    const fleet = house.spawnFleet({ COUNT_AFTER_SECONDS: '1' });
    while ((await countStored(asked)) === before);
    await fleet.kill();
  }
  await asked.end();
  await house.runFleet({ countAfterMs: 1_000 });
  const wanted = Object.fromEntries(
    companies.map((companyId) => [
      companyId,
      countedByHand(messages.filter((message) => message.companyId === companyId)),
    ]),
  );
  const isAll = (counted: object) => totalOf(counted) === messages.length;
  expect(await eventually(() => readCounted(house.config.mysqlUrl), isAll, 120_000)).toEqual(
    wanted,
  );
  expect(await all(wiring.deps.findUncounted(PAST, signal))).toEqual([]);
}, 300_000);

type Counted = Record<string, Record<string, number>>;

/** By Company, Client, UTC hour and role. */
async function readCounted(mysqlUrl: string): Promise<Counted> {
  const db = openDatabase({ url: mysqlUrl, connectionsMax: 1 });
  try {
    const counted: Counted = {};
    for (const role of ['user', 'bot', 'agent', 'system']) {
      const { rows } = await sql<Record<'company' | 'client' | 'hour' | 'count', string>>`
        select company_id as company, client_id as client, hour_no as hour,
          sum(${sql.ref(`${role}_count`)}) as count
        from conversation_usage as used
        join companies on companies.company_no = used.company_no
        join clients on clients.client_no = used.client_no
        group by company_id, client_id, hour_no`.execute(db);
      for (const { company, client, hour, count } of rows) {
        if (Number(count) === 0) continue;
        const at = new Date(Number(hour) * HOUR_MS).toISOString().slice(0, 13);
        (counted[company] ??= {})[`${client} ${at} ${role}`] = Number(count);
      }
    }
    return counted;
  } finally {
    await db.destroy();
  }
}

function totalOf(counted: object): number {
  const values = Object.values(counted as Counted).flatMap((own) => Object.values(own));
  return values.reduce((sum, count) => sum + count, 0);
}
