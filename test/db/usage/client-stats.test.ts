import { afterAll, beforeAll, expect, it } from 'vitest';
import { eachRow } from '../../../db/usage/client-stats.ts';
import { dayToCount, hourNoOf } from '../../../domain/usage.ts';
import { aMessage, openTestHouse, type TestHouse } from '../../house.ts';
import { all } from './counted.ts';

const signal = AbortSignal.timeout(60_000);
const DAY = '2026-01-09';

let house: TestHouse;
beforeAll(async () => void (house = await openTestHouse()));
afterAll(() => house?.close());

it('P8: the rows of a client come page by page, each once, in the order of hours', async () => {
  const companyId = 'anônima';
  const of = { companyId, clientId: 'anonymous' };
  // Four conversations in each of three hours.
  const messages = Array.from({ length: 12 }, (_, nth) =>
    aMessage({ ...of, conversationId: `c-${nth}`, createdAt: `${DAY}T1${nth % 3}:00:00.000Z` }),
  );
  await house.wiring.deps.storeMessages(messages, signal);
  await house.wiring.deps.recount({ companyId, span: dayToCount(DAY) }, signal);
  const [row] = await house.db.selectFrom('conversation_usage').selectAll().execute();
  const first = hourNoOf(Date.parse(`${DAY}T00:00:00Z`));
  const span = {
    companyNo: row?.company_no ?? 0,
    clientNo: row?.client_no ?? 0,
    edges: [first, first + 24],
    from: `${DAY} 00:00:00.000`,
  };
  const read = async (rowsPerPageMax: number) =>
    (await all(eachRow(house.db, span, rowsPerPageMax))).map(
      (one) => [one.hour_no, one.conversation_no] as const,
    );
  const whole = await read(1_000);
  expect(whole).toHaveLength(messages.length);
  expect(whole).toEqual(whole.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]));
  for (const rowsPerPageMax of [1, 3, 5, 12]) expect(await read(rowsPerPageMax)).toEqual(whole);
});
