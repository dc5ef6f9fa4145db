import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../db/database.ts';
import { HOUR_MS } from '../../domain/instant.ts';
import type { Message } from '../../domain/message.ts';
import { noMessages, type StatsBucket } from '../../domain/stats.ts';
import { all, countedByHand, someConversations } from '../db/usage/counted.ts';
import { eventually } from '../house.ts';
import type { Wiring } from '../../wiring.ts';
import { countStored, openPrivateHouse, type PrivateHouse } from './private-house.ts';

let house: PrivateHouse;
beforeAll(async () => void (house = await openPrivateHouse()));
afterAll(() => house?.close());

const dayOfMs = (timeMs: number) => new Date(timeMs).toISOString().slice(0, 10);
const DAY_MS = 24 * HOUR_MS;
const signal = AbortSignal.timeout(300_000);
const PAST = { isTodayMeant: false };

/** Some thirty counts each. */
const RECENT_COMPANIES = 5;

/** Said within the last hours, so that they are counted by five minutes; others count by days. */
function recentConversations(companyId: string): Message[] {
  const messages = someConversations(companyId, ['2026-01-31']);
  const lastMs = Math.max(...messages.map(({ createdAt }) => Date.parse(createdAt)));
  const laterMs = Date.now() - 60_000 - lastMs;
  return messages.map((message) => ({
    ...message,
    conversationId: `recent-${message.conversationId}`,
    createdAt: new Date(Date.parse(message.createdAt) + laterMs).toISOString(),
  }));
}

it('counts each message once, late ones too, though workers are killed three times', async () => {
  const wiring = await house.openWiring();
  const producer = house.openProducer({ messagesPerJobMax: 5 });
  const days = [60, 3, 2, 1].map((ago) => dayOfMs(Date.now() - ago * DAY_MS));
  const companies = Array.from({ length: 30 }, (_, nth) => `empresa-${nth}`);
  const messages = [
    ...companies.flatMap((companyId) => someConversations(companyId, days)),
    ...companies.slice(0, RECENT_COMPANIES).flatMap(recentConversations),
  ];
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
  for (const own of Map.groupBy(messages, ({ companyId }) => companyId).values()) {
    await expectStats(wiring, own);
    for (const ofClient of Map.groupBy(own, ({ clientId }) => clientId).values()) {
      await expectStats(wiring, ofClient, ofClient[0]?.clientId);
    }
  }
}, 300_000);

/** Holds what statistics say of some Messages, which are all there are, against a count by hand. */
async function expectStats(wiring: Wiring, messages: readonly Message[], clientId?: string) {
  const asked = { companyId: messages[0]?.companyId ?? '', clientId, days: 62 };
  const stats = await wiring.getMessageStats({ ...asked, timeZone: 'UTC', by: 'day' });
  expect(countedOf(stats)).toEqual(countedIn(messages));
  const days = stats.buckets.filter(({ conversationsActive }) => conversationsActive > 0);
  expect(days.map((day) => [dayOfMs(Date.parse(day.from)), countedOf(day)])).toEqual(
    [...Map.groupBy(messages, ({ createdAt }) => createdAt.slice(0, 10))]
      .map(([day, own]) => [day, countedIn(own)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const countedOf = ({
  messages,
  bytes,
  conversationsActive,
  clients,
}: Omit<StatsBucket, 'from' | 'conversationsOpened'>) => ({
  messages,
  bytes,
  conversationsActive,
  clients,
});

function countedIn(said: readonly Message[]) {
  const messages = noMessages();
  for (const { role } of said) messages[role] += 1;
  return {
    messages,
    bytes: said.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0),
    conversationsActive: new Set(said.map(({ conversationId }) => conversationId)).size,
    clients: new Set(said.map((one) => one.clientId)).size,
  };
}

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
