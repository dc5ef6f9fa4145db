import { afterAll, beforeAll, expect, it } from 'vitest';
import { type NumberedRow, textLengthOf } from '../../../db/cold/columns.ts';
import { readDays } from '../../../db/cold/read-days.ts';
import { openNames } from '../../../db/names.ts';
import { instantOf } from '../../../domain/instant.ts';
import { messageIdOf } from '../../../domain/message-id.ts';
import { aMessage, openTestHouse, type TestHouse } from '../../house.ts';

const DAY = '2026-03-01';
const signal = AbortSignal.timeout(600_000);

let house: TestHouse;
beforeAll(async () => {
  house = await openTestHouse();
});
afterAll(() => house.close());

async function piecesOf(companyId: string): Promise<(readonly NumberedRow[])[]> {
  const before = '2026-03-02T00:00:00.000Z';
  await house.wiring.archive.move({ companyId, tier: 'hot', before }, { signal });
  const companyNo = (await openNames(house.db).companyNo(companyId)) ?? 0;
  const pieces: (readonly NumberedRow[])[] = [];
  const days = { companyNo, firstDay: DAY, lastDay: DAY };
  for await (const rows of readDays(house.db, days)) pieces.push(rows);
  return pieces;
}

/** Three Conversations, numbered in this order. */
async function storeTexts(companyId: string, each: number, content: string): Promise<string[]> {
  const ids: string[] = [];
  for (const conversationId of ['a', 'b', 'c']) {
    const messages = Array.from({ length: each }, (_, nth) => {
      const createdAt = instantOf(Date.parse(`${DAY}T12:00:00Z`) + nth);
      return aMessage({ companyId, conversationId, createdAt, content });
    });
    await house.wiring.deps.storeMessages(messages, signal);
    ids.push(...messages.map(({ messageId }) => messageId));
  }
  return ids;
}

const idsIn = (pieces: readonly (readonly NumberedRow[])[]) =>
  pieces.flat().map((row) => messageIdOf(row.message_id, row.external_id));

// Red when each query asks for as many rows as short texts allow.
it('reads long texts a few at a time, so that no piece is more than some megabytes', async () => {
  const ids = await storeTexts('long-texts', 80, 'la '.repeat(20_000));

  const pieces = await piecesOf('long-texts');

  expect(idsIn(pieces)).toEqual(ids);
  const lengths = pieces.map((rows) => rows.reduce((sum, row) => sum + textLengthOf(row), 0));
  expect(Math.max(...lengths)).toBeLessThanOrEqual(4 * 1024 * 1024);
});

it('reads short texts some thousand at a time', async () => {
  const ids = await storeTexts('short-texts', 2_000, 'Oi');

  const pieces = await piecesOf('short-texts');

  expect(idsIn(pieces)).toEqual(ids);
  expect(pieces.length).toBeLessThanOrEqual(7);
});
