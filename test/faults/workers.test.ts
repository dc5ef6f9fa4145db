import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  countStored,
  expectKept,
  openPrivateHouse,
  type PrivateHouse,
  someMessages,
  untilDrained,
} from './private-house.ts';

let house: PrivateHouse;
beforeAll(async () => void (house = await openPrivateHouse()));
afterAll(() => house?.close());

// Red without the transaction in `storeGroup` (the Ledger lags behind), when `insertNew` throws at
// what is stored already, and when a job taken over once is dead (`maxStalledCount`).
it('P1, P2: stores each of 20,000 Messages once though workers are killed five times', async () => {
  const wiring = await house.openWiring();
  const producer = house.openProducer({ messagesPerJobMax: 5 });
  const messages = someMessages('padaria', 20_000);
  await producer.createMessages(messages);
  const asked = await house.openRoot();

  for (let deaths = 0; deaths < 5; deaths += 1) {
    const before = await countStored(asked);
    const fleet = house.spawnFleet();
    while ((await countStored(asked)) === before); // At full speed: it is to die in mid-batch.
    await fleet.kill();
    expect((await wiring.queue.inspector.counts('persist')).active).toBeGreaterThan(0);
  }
  await asked.end();
  await house.runFleet();

  // Five times a worker starts, and what the last one held waits for its lock.
  expect(await untilDrained(wiring, 120_000)).toMatchObject({ dead: 0 });
  await expectKept(house, 'padaria', { accepted: messages.map(({ messageId }) => messageId) });
}, 300_000);
