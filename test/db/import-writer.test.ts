import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Message } from '../../domain/message.ts';
import { aMessage, openTestHouse, type TestHouse } from '../house.ts';

const { signal } = new AbortController();
const MIB = 1024 * 1024;

describe('the writer of imports', () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await openTestHouse();
  });
  afterAll(() => house.close());

  /** Stores them as one piece of a source, behind a hundred records before. */
  async function store(fingerprint: string, messages: readonly Message[]) {
    const { imports } = house.wiring;
    const read = 100 + messages.length;
    const step = { fingerprint, source: 'a test', position: '[7]', read, refused: 0 };
    return imports.store(await imports.number(messages, signal), step, signal);
  }
  const checkpointOf = (fingerprint: string) => house.wiring.imports.readCheckpoint(fingerprint);
  async function expectFaultless() {
    const { faults } = await house.wiring.verify({ isDeep: false, signal });
    expect(faults).toEqual([]);
  }

  it('notes how far it is with the rows, and adds up what it stored', async () => {
    const messages = [aMessage(), aMessage(), aMessage()];

    expect(await store('added', messages.slice(0, 2))).toEqual({ stored: 2, refused: [] });
    expect(await store('added', messages)).toEqual({ stored: 1, refused: [] });

    const reached = { position: '[7]', read: 103, stored: 3, refused: 0 };
    expect(await checkpointOf('added')).toEqual(reached);
    await house.wiring.imports.forgetCheckpoint('added');
    expect(await checkpointOf('added')).toMatchObject({ position: null, read: 0 });
  });

  it('stores more text than one statement may hold', async () => {
    const content = 'é'.repeat(16 * 1024);
    const messages = Array.from({ length: 400 }, () => aMessage({ companyId: 'wordy', content }));
    expect(messages.length * content.length).toBeGreaterThan(6 * MIB);

    expect(await store('wordy', messages)).toEqual({ stored: 400, refused: [] });

    expect(await checkpointOf('wordy')).toMatchObject({ read: 500, stored: 400 });
    await expectFaultless();
  });

  it('refuses a Message that MySQL cannot hold, alone, and tells nothing of its text', async () => {
    await sql`alter table messages_hot modify external_id varchar(10) null`.execute(house.db);
    const messages = Array.from({ length: 50 }, (_, at) =>
      aMessage({ messageId: at === 33 ? 'wamid.too-long' : `id-${at}`, content: 'my secret' }),
    );

    const { stored, refused } = await store('narrow', messages);

    expect(stored).toBe(49);
    expect(refused.map(({ message }) => message)).toEqual([messages[33]]);
    expect(refused[0]?.reason).toBe('MySQL cannot hold it: ER_DATA_TOO_LONG in column external_id');
    expect(await checkpointOf('narrow')).toMatchObject({ read: 150, stored: 49, refused: 1 });
    await expectFaultless();
  });
});
