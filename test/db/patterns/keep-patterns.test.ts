import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PatternsWanted } from '../../../domain/patterns/request.ts';
import { aggregateUsage } from '../../../workers/aggregate.ts';
import { aMessage, openTestHouse, type TestHouse } from '../../house.ts';

const signal = AbortSignal.timeout(600_000);
const WANTED: PatternsWanted = { companyId: 'padaria', days: 30, timeZone: 'UTC' };

let house: TestHouse;
beforeAll(async () => {
  house = await openTestHouse();
  await house.wiring.deps.storeMessages([aMessage()], signal);
});
afterAll(() => house?.close());
beforeEach(() => sql`delete from company_patterns`.execute(house.db));

const keep = () => house.wiring.deps.keepPatterns(WANTED, signal);
const read = () => house.wiring.readPatterns(WANTED);
const run = () => aggregateUsage(WANTED, house.wiring.deps, signal);
const foundAt = async () => (await read())?.found?.foundAt ?? '';
const want = (wanted = WANTED) => house.wiring.wantPatterns(wanted);

async function askedAt(): Promise<string | undefined> {
  const row = await house.db.selectFrom('company_patterns').select('asked_at').executeTakeFirst();
  return row?.asked_at;
}

const backdate = (column: 'asked_at' | 'found_at', hours: number) =>
  sql`update company_patterns
    set ${sql.ref(column)} = ${sql.ref(column)} - interval ${hours} hour`.execute(house.db);

describe('reading patterns', () => {
  it('writes down once a day that somebody asked for them', async () => {
    await want();
    await backdate('asked_at', 23);
    const before = await askedAt();
    await read();
    await want();
    expect(await askedAt()).toBe(before);

    await backdate('asked_at', 2);
    await read();
    expect(Date.parse((await askedAt()) ?? '')).toBeGreaterThan(Date.parse(before ?? ''));
  });

  it('wants nothing by itself, and knows no company without messages', async () => {
    expect(await read()).toEqual({ found: null, failedAt: null });
    expect(await askedAt()).toBeUndefined();
    expect(await house.wiring.readPatterns({ ...WANTED, companyId: 'vazia' })).toBeNull();
  });
});

describe('a job that looks for patterns', () => {
  it('does nothing where another one has found them a moment ago', async () => {
    await run();
    const first = await foundAt();
    expect(first).not.toBe('');
    await run();
    expect(await foundAt()).toBe(first);
    await backdate('found_at', 1);
    await run();
    expect((await foundAt()) >= first).toBe(true);
  });

  it('ends when it is told to, and leaves what was found before', async () => {
    await keep();
    const before = await foundAt();
    await backdate('found_at', 1);
    const told = AbortSignal.abort();
    await expect(aggregateUsage(WANTED, house.wiring.deps, told)).rejects.toThrow('aborted');
    const nightly = aggregateUsage({ due: 'patterns' }, house.wiring.deps, told);
    await expect(nightly).rejects.toThrow('aborted');
    expect((await read())?.found?.foundAt.slice(14)).toBe(before.slice(14));
  });

  it('that failed is noted until they are found', async () => {
    await want();
    await expect(house.wiring.deps.keepPatterns(WANTED, AbortSignal.abort())).rejects.toThrow(
      'aborted',
    );
    expect(await read()).toMatchObject({ found: null, failedAt: expect.any(String) });
    await keep();
    expect(await read()).toMatchObject({ found: { timeZone: 'UTC' }, failedAt: null });
  });
});
