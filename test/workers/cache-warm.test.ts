import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { warmCache } from '../../workers/cache-warm.ts';
import { persistMessages } from '../../workers/persist.ts';
import { aMessage, eventually, openTestHouse, type TestHouse } from '../house.ts';

describe('cache-warm', () => {
  let house: TestHouse;
  beforeAll(async () => void (house = await openTestHouse()));
  afterAll(() => house.close());

  const signal = AbortSignal.timeout(600_000);

  it('fills the page of one Conversation, so that its next reader finds it', async () => {
    const { deps, readRecentBytes } = house.wiring;
    await persistMessages({ messages: [aMessage()] }, deps, signal);
    const conversation = { companyId: 'padaria', conversationId: 'pedido-1' };

    expect(await warmCache(conversation, deps, signal)).toEqual({ warmed: 1 });

    expect((await readRecentBytes(conversation)).from).toBe('l1');
    const neighbour = house.openNeighbour();
    const read = () => neighbour.readRecentBytes(conversation);
    await eventually(read, ({ from }) => from === 'redis'); // Once it is connected.
  });

  it('fills the pages of the active Conversations of a Company when none is named', async () => {
    const { deps, readRecentBytes } = house.wiring;
    const ids = ['a', 'b', 'c'];
    const messages = ids.map((id) => aMessage({ companyId: 'clinica', conversationId: id }));
    await persistMessages({ messages }, deps, signal);

    expect(await warmCache({ companyId: 'clinica' }, deps, signal)).toEqual({ warmed: 3 });

    for (const conversationId of ids) {
      const page = await readRecentBytes({ companyId: 'clinica', conversationId });
      expect(page.from).toBe('l1');
    }
  });
});
