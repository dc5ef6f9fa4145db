import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aMessage, openTestHouse, type TestHouse } from '../house.ts';
import { persistMessages } from '../../workers/persist.ts';

describe('persist', () => {
  let house: TestHouse;
  beforeAll(async () => void (house = await openTestHouse()));
  afterAll(() => house.close());

  const signal = AbortSignal.timeout(600_000);

  it('P2: stores a Message once when its job runs twice', async () => {
    const job = { messages: [aMessage()] };

    expect(await persistMessages(job, house.wiring.deps, signal)).toEqual({
      stored: 1,
      duplicates: 0,
    });
    expect(await persistMessages(job, house.wiring.deps, signal)).toEqual({
      stored: 0,
      duplicates: 1,
    });
  });
});
