import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Message } from '../../../domain/message.ts';
import { dayToCount, spanToCount } from '../../../domain/usage.ts';
import { writeUsage } from '../../../db/usage/write-usage.ts';
import { aMessage, openTestHouse, type TestHouse } from '../../house.ts';
import { all, countedByHand, someConversations } from './counted.ts';

const signal = AbortSignal.timeout(600_000);
const PAST = { isTodayMeant: false };
const DAYS = ['2026-01-09', '2026-01-10', '2026-01-11'];

let folder: string;
let house: TestHouse;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'camadas-usage-'));
  house = await openTestHouse({ ARCHIVE_URL: pathToFileURL(join(folder, 'archive')).href });
});
afterAll(async () => {
  await house?.close();
  await rm(folder, { recursive: true, force: true });
});

const store = (messages: readonly Message[]) => house.wiring.deps.storeMessages(messages, signal);

async function count(companyId: string, days = DAYS): Promise<void> {
  for (const day of days) {
    await house.wiring.deps.recount({ companyId, span: dayToCount(day) }, signal);
  }
}

/** All that was counted of a Company, in an order that is always the same. */
async function usageOf(companyId: string) {
  const { rows } = await sql<Record<string, unknown>>`
    select used.company_no, hour_no, used.conversation_no, conversation_id, used.client_no, clients.client_id, user_count, bot_count, agent_count,
      system_count, content_bytes, is_opened, last_role, first_wait_ms, hex(waits) as waits
    from conversation_usage as used
    join companies on companies.company_no = used.company_no
    join conversations on conversations.conversation_no = used.conversation_no
    join clients on clients.client_no = used.client_no
    where company_id = ${companyId} order by hour_no, conversation_id, client_id`.execute(house.db);
  return rows;
}

async function sumsOf(companyId: string) {
  const { rows } = await sql<Record<string, unknown>>`
    select hour_no, user_count, bot_count, agent_count, system_count, content_bytes,
      conversations_opened, hex(conversation_nos) as conversations, hex(client_nos) as clients,
      hex(waits) as waits, hex(first_waits) as first_waits
    from company_usage as used join companies on companies.company_no = used.company_no
    where company_id = ${companyId} order by hour_no`.execute(house.db);
  return rows;
}

function countedByRole(rows: readonly Record<string, unknown>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const row of rows) {
    const hour = new Date(Number(row['hour_no']) * 3_600_000).toISOString().slice(0, 13);
    for (const role of ['user', 'bot', 'agent', 'system']) {
      const key = `${String(row['client_id'])} ${hour} ${role}`;
      const sum = (counts[key] ?? 0) + Number(row[`${role}_count`]);
      if (sum > 0) counts[key] = sum;
    }
  }
  return counts;
}

describe('counting usage', () => {
  it('equals a count of the messages by client, hour and role', async () => {
    const messages = someConversations('contada', DAYS);
    await store(messages);
    await count('contada');
    expect(countedByRole(await usageOf('contada'))).toEqual(countedByHand(messages));
  });

  it('changes nothing when it runs twice', async () => {
    await store(someConversations('de-novo', DAYS));
    await count('de-novo');
    const [usage, sums] = [await usageOf('de-novo'), await sumsOf('de-novo')];
    expect(usage.length).toBeGreaterThan(20);
    await count('de-novo');
    expect(await usageOf('de-novo')).toEqual(usage);
    expect(await sumsOf('de-novo')).toEqual(sums);
  });

  it('gives the same whichever tiers the messages are in', async () => {
    const companyId = 'em-camadas';
    await store(someConversations(companyId, DAYS));
    await count(companyId);
    const [usage, sums] = [await usageOf(companyId), await sumsOf(companyId)];

    const { move } = house.wiring.archive;
    await move({ companyId, tier: 'hot', before: '2026-01-11T12:00:00.000Z' }, { signal });
    await move({ companyId, tier: 'warm', day: '2026-01-09' }, { signal });
    await sql`delete from conversation_usage where company_no =
      (select company_no from companies where company_id = ${companyId})`.execute(house.db);
    await count(companyId);
    expect(await usageOf(companyId)).toEqual(usage);
    expect(await sumsOf(companyId)).toEqual(sums);
  });

  // Red without `closeLater`.
  it('counts late messages, and moves the beginning of their conversation', async () => {
    const companyId = 'atrasada';
    const said = (createdAt: string, role: Message['role']) =>
      aMessage({ companyId, conversationId: 'c', clientId: 'ana', createdAt, role });
    const first = said('2026-01-11T12:00:00.000Z', 'user');
    await store([first, said('2026-01-11T12:01:00.000Z', 'bot')]);
    await count(companyId, ['2026-01-11']);
    expect((await usageOf(companyId)).map((row) => row['is_opened'])).toEqual([1]);

    const late = [
      said('2026-01-09T08:00:00.000Z', 'user'),
      said('2026-01-09T08:00:30.000Z', 'bot'),
    ];
    await store(late);
    await count(companyId, ['2026-01-09']);
    expect(await usageOf(companyId)).toMatchObject([
      { user_count: 1, bot_count: 1, is_opened: 1, first_wait_ms: 30_000 },
      { user_count: 1, bot_count: 1, is_opened: 0 },
    ]);
    expect((await sumsOf(companyId)).map((row) => row['conversations_opened'])).toEqual([1, 0]);
  });

  it('gives a late question its share of the wait for an answer that was counted before', async () => {
    const companyId = 'pergunta';
    const said = (createdAt: string, role: Message['role']) =>
      aMessage({ companyId, conversationId: 'c', createdAt, role });
    await store([
      said('2026-01-11T12:00:00.000Z', 'user'),
      said('2026-01-11T12:01:00.000Z', 'agent'),
    ]);
    const waitsSum = async () => (await usageOf(companyId)).at(-1)?.['waits'];
    await count(companyId, ['2026-01-11']);
    expect(await waitsSum()).toBe(hexOf(60_000));

    const late = said('2026-01-11T10:30:00.000Z', 'user');
    await store([late]);
    const span = spanToCount(late.createdAt, Date.parse('2026-01-11T12:02:00.000Z'));
    await house.wiring.deps.recount({ companyId, span }, signal);
    expect(await waitsSum()).toBe(hexOf(91 * 60_000));
  });

  // Red when whatever was counted once is passed over.
  it('counts what was said since in five minutes that were counted before', async () => {
    const companyId = 'movimentada';
    const at = '2026-01-11T12:00:00.000Z';
    const span = spanToCount(at, Date.parse(at));
    const countSpan = () => house.wiring.deps.recount({ companyId, span }, signal);
    const said = (conversationId: string, seconds: number) =>
      aMessage({
        companyId,
        conversationId,
        createdAt: new Date(Date.parse(at) + seconds * 1_000).toISOString(),
      });
    const counts = async () => (await usageOf(companyId)).map((row) => row['user_count']);
    await store([said('a', 0), said('b', 0)]);
    await countSpan();
    expect(await counts()).toEqual([1, 1]);
    await store([said('a', 10)]);
    await countSpan();
    expect(await counts()).toEqual([2, 1]);
  });

  // Red without `unlessMoreIsKnown`.
  it('takes nothing back that was counted meanwhile of more messages', async () => {
    const companyId = 'ultrapassada';
    await store([aMessage({ companyId }), aMessage({ companyId })]);
    await count(companyId, ['2026-03-01']);
    // As somebody writes who read when there was one message, and was held up until now.
    const [row] = await usageOf(companyId);
    await writeUsage(house.db, Number(row?.['company_no']), [
      {
        hourNo: Number(row?.['hour_no']),
        conversationNo: Number(row?.['conversation_no']),
        clientNo: Number(row?.['client_no']),
        messages: { user: 1, bot: 0, agent: 0, system: 0 },
        bytes: 1,
        isOpened: true,
        lastRole: 'user',
        firstWaitMs: null,
        waitsMs: [],
        known: 1,
      },
    ]);
    expect((await usageOf(companyId))[0]?.['user_count']).toBe(2);
  });

  it('ends with all that was stored, however many count at once while others store', async () => {
    const companyId = 'lotada';
    const messages = someConversations(companyId, DAYS);
    const neighbour = house.openNeighbour();
    const parts = Array.from({ length: 8 }, (_, nth) =>
      messages.filter((_one, at) => at % 8 === nth),
    );
    await Promise.all(
      parts.map(async (part, nth) => {
        await store(part);
        const { deps } = nth % 2 === 0 ? house.wiring : neighbour;
        for (const day of DAYS) await deps.recount({ companyId, span: dayToCount(day) }, signal);
      }),
    );
    expect(countedByRole(await usageOf(companyId))).toEqual(countedByHand(messages));
  });

  it('finds the days that were not counted, or not to the end, by the Ledger', async () => {
    const companyId = 'reconciliada';
    const uncounted = async () => {
      const found = await all(house.wiring.deps.findUncounted(PAST, signal));
      return found.flatMap((one) => (one.companyId === companyId ? [one.span.from] : []));
    };
    await store(someConversations(companyId, DAYS));
    expect((await uncounted()).toSorted()).toEqual(DAYS.map((day) => `${day}T00:00:00.000Z`));
    await count(companyId, DAYS.slice(0, 2));
    expect(await uncounted()).toEqual(['2026-01-11T00:00:00.000Z']);
    await count(companyId);
    expect(await uncounted()).toEqual([]);
    await store([aMessage({ companyId, createdAt: '2026-01-10T23:59:59.999Z' })]);
    expect(await uncounted()).toEqual(['2026-01-10T00:00:00.000Z']);
  });

  // Red without the look at the signal before each Company.
  it('ends its search for such days soon after it is told to', async () => {
    await store(['fim-1', 'fim-2'].map((companyId) => aMessage({ companyId })));
    const told = new AbortController();
    const found = house.wiring.deps.findUncounted(PAST, told.signal);
    expect((await found.next()).done).toBe(false);
    told.abort();
    await expect(all(found)).rejects.toThrow('aborted');
  });
});

function hexOf(waitMs: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(waitMs);
  return bytes.toString('hex').toUpperCase();
}
