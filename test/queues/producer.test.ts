import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { findFreePort } from '../../bin/dev/free-port.ts';
import type { Message, NewMessage } from '../../domain/message.ts';
import { isUuid } from '../../domain/message-id.ts';
import {
  MessageError,
  openProducer,
  type Producer,
  type ProducerOptions,
} from '../../queues/producer.ts';
import { askRedis } from '../bin/dev/asking.ts';
import { aMessage, eventually, openTestHouse, type TestHouse } from '../house.ts';
import { openPrivateRedis, type PrivateRedis } from './private-redis.ts';

/** What a loaded machine may take on top of a limit. */
const MARGIN_MS = 1_500;

describe('a producer', () => {
  let house: TestHouse;
  beforeAll(async () => void (house = await openTestHouse()));
  afterAll(() => house.close());

  let doors = 0;

  /** Producers on a queue of the test's own, and a look into it from outside. */
  function openDoor(given: Partial<ProducerOptions> = {}) {
    const prefix = `${house.name}-${(doors += 1)}`;
    const options = { redisUrl: house.config.queueRedisUrl, prefix, ...given };
    const key = `{${prefix}}:persist`;
    const ask = (command: string, ...args: string[]) =>
      askRedis(options.redisUrl, command, ...args);
    return {
      open(more: Partial<ProducerOptions> = {}) {
        const producer = openProducer({ ...options, ...more });
        onTestFinished(() => producer.close());
        return producer;
      },
      async jobs(): Promise<Message[][]> {
        const ids = (await ask('LRANGE', `${key}:wait`, '0', '-1')) as string[];
        const jobs = ids.toReversed().map(async (id) => {
          const data = (await ask('HGET', `${key}:${id}`, 'data')) as string;
          return (JSON.parse(data) as { messages: Message[] }).messages;
        });
        return Promise.all(jobs);
      },
      empty: () => ask('DEL', `${key}:wait`),
    };
  }

  it('flushes what was given in the same turn, without waiting for company', async () => {
    const producer = house.openProducer({ lingerMs: 60_000 });
    const call = producer.createMessage(aMessage());
    await producer.flush();
    await expect(call).resolves.toHaveProperty('messageId');
  });

  it('P1: has the Message in Redis when it says so', async () => {
    const door = openDoor();
    const message = aMessage({ metadata: { channel: 'whatsapp' } });

    const receipt = await door.open().createMessage(message);

    expect(await door.jobs()).toEqual([[message]]);
    expect(receipt).toEqual({ messageId: message.messageId });
  });

  it('fills in the id and the moment, and tells the id', async () => {
    const door = openDoor();
    const { messageId: _, createdAt: __, ...given } = aMessage();
    const before = new Date().toISOString();

    const { messageId } = await door.open().createMessage(given);

    expect(isUuid(messageId)).toBe(true);
    const createdAt = (await door.jobs())[0]?.[0]?.createdAt ?? '';
    expect(await door.jobs()).toEqual([[{ ...given, messageId, createdAt }]]);
    expect(createdAt >= before && createdAt <= new Date().toISOString()).toBe(true);
  });

  it('refuses one bad Message with field and reason, and takes its neighbours', async () => {
    const door = openDoor();
    const messages = [aMessage(), aMessage({ content: 'half an emoji: \ud83d' }), aMessage()];

    const [first, bad, last] = await door.open().createMessages(messages);

    expect(first).toEqual({ isAccepted: true, messageId: messages[0]?.messageId });
    expect(last).toEqual({ isAccepted: true, messageId: messages[2]?.messageId });
    const error = bad?.isAccepted === false ? bad.error : null;
    expect(error).toBeInstanceOf(MessageError);
    expect(error).toMatchObject({
      code: 'MESSAGE_INVALID',
      retry: 'never',
      field: 'content',
      messageId: null,
      message: 'content: holds half a surrogate pair; send whole Unicode characters',
    });
    expect(await door.jobs()).toEqual([[messages[0], messages[2]]]);
  });

  it('puts many Messages into few jobs, each once', async () => {
    const door = openDoor();
    const messages = Array.from({ length: 1_000 }, () => aMessage());

    const receipts = await door.open().createMessages(messages);

    expect(receipts.every((receipt) => receipt.isAccepted)).toBe(true);
    const jobs = await door.jobs();
    expect(jobs.map((job) => job.length)).toEqual(Array.from({ length: 10 }, () => 100));
    expect(new Set(idsOf(jobs.flat()))).toEqual(new Set(idsOf(messages)));
  });

  it('keeps a job within its bytes, and never above 500 Messages', async () => {
    const large = openDoor({ bytesPerJobMax: 10_000 });
    const long = Array.from({ length: 9 }, () => aMessage({ content: 'a'.repeat(3_000) }));
    await large.open().createMessages(long);
    expect((await large.jobs()).map((job) => job.length)).toEqual([3, 3, 3]);

    const many = openDoor({ messagesPerJobMax: 10_000, bytesPerJobMax: 100_000_000 });
    await many.open().createMessages(Array.from({ length: 1_000 }, () => aMessage()));
    expect((await many.jobs()).map((job) => job.length)).toEqual([500, 500]);
  });

  it('hands over what it was given before it closes, and then takes no more', async () => {
    const door = openDoor();
    const producer = door.open();
    const calls = [aMessage(), aMessage()].map((message) => producer.createMessage(message));

    await producer.close();

    await Promise.all(calls);
    expect((await door.jobs()).flat()).toHaveLength(2);
    await expectFault(producer, { code: 'PRODUCER_CLOSED' });
  });

  // Goes red when `isQueueTooLong` answers false.
  it('P8: refuses with QUEUE_FULL when too many jobs wait, and takes again when they are done', async () => {
    const door = openDoor({ messagesPerJobMax: 1 });
    await door.open().createMessages([aMessage(), aMessage(), aMessage()]);

    await door.open({ queueJobsMax: 4 }).createMessage(aMessage());
    await expectFault(door.open({ queueJobsMax: 4, acceptTimeoutMs: 200 }), {
      code: 'QUEUE_FULL',
      retry: { afterMs: 1_000 },
      message: expect.stringContaining('4 jobs wait already'),
    });
    expect(await door.jobs()).toHaveLength(4);

    const patient = door.open({ queueJobsMax: 4 }).createMessage(aMessage());
    await door.empty();
    await patient;
    expect(await door.jobs()).toHaveLength(1);
  });

  describe('whose Redis is not there', () => {
    it('P8: fails with QUEUE_UNREACHABLE and the messageId in time, and closes', async () => {
      const url = `redis://127.0.0.1:${await findFreePort()}`;
      const producer = openProducer({ redisUrl: url, acceptTimeoutMs: 300 });
      const { messageId: _, ...given } = aMessage();

      const startedAt = performance.now();
      const error = await faultOf(producer, given);
      expect(performance.now() - startedAt).toBeLessThan(300 + MARGIN_MS);

      expect(error).toMatchObject({ code: 'QUEUE_UNREACHABLE', retry: 'backoff', field: null });
      expect(isUuid(error.messageId ?? '')).toBe(true);
      await expect(producer.createMessages([aMessage()])).resolves.toMatchObject([
        { isAccepted: false, error: { code: 'QUEUE_UNREACHABLE' } },
      ]);
      await producer.close();
    });
  });

  describe('with a Redis of its own', () => {
    let redis: PrivateRedis;
    beforeAll(async () => void (redis = await openPrivateRedis()));
    afterAll(() => redis.close());

    const openOwnDoor = (options: Partial<ProducerOptions> = {}) =>
      openDoor({ redisUrl: redis.url, acceptTimeoutMs: 500, ...options });

    // Goes red when `attempt` takes OOM for an unreachable Redis.
    it('P8: refuses with QUEUE_FULL when Redis is out of memory, and takes again with more', async () => {
      const producer = openOwnDoor().open();
      await redis.ask('CONFIG', 'SET', 'maxmemory', '1');
      onTestFinished(async () => void (await redis.ask('CONFIG', 'SET', 'maxmemory', '0')));
      await expectFault(producer, {
        code: 'QUEUE_FULL',
        message: expect.stringContaining('out of memory'),
      });

      await redis.ask('CONFIG', 'SET', 'maxmemory', '0');
      await producer.createMessage(aMessage());
    });

    // Goes red when the last attempt's fault is the answer, whatever Redis said before.
    it('P8: refuses with QUEUE_FULL when Redis was out of memory before it fell silent', async () => {
      const producer = openOwnDoor().open();
      await producer.createMessage(aMessage());
      await redis.ask('CONFIG', 'RESETSTAT');
      await redis.ask('CONFIG', 'SET', 'maxmemory', '1');
      onTestFinished(async () => void (await redis.ask('CONFIG', 'SET', 'maxmemory', '0')));

      const refused = expectFault(producer, { code: 'QUEUE_FULL' });
      await eventually(
        () => redis.ask('INFO', 'errorstats'),
        (stats) => String(stats).includes('errorstat_OOM'),
      );
      await redis.freeze();
      onTestFinished(redis.thaw);
      await refused;
    });

    // Goes red when `within` waits for the answer alone.
    it('P8: fails in time when Redis takes connections and never answers', async () => {
      const producer = openOwnDoor().open();
      await producer.createMessage(aMessage());
      await redis.freeze();

      const startedAt = performance.now();
      await expectFault(producer, { code: 'QUEUE_UNREACHABLE' });
      await expectFault(openOwnDoor().open(), { code: 'QUEUE_UNREACHABLE' });
      expect(performance.now() - startedAt).toBeLessThan(2 * (500 + MARGIN_MS));

      await redis.thaw();
      await producer.createMessage(aMessage());
    });

    // Goes red when `enter` always answers true.
    it('P8: keeps no more on its way than the limits allow', async () => {
      const producer = openOwnDoor().open({ inFlightMessagesMax: 2 });
      await producer.createMessage(aMessage());
      await redis.freeze();

      const receipts = await producer.createMessages([aMessage(), aMessage(), aMessage()]);
      await redis.thaw();

      const codes = receipts.map((receipt) => (receipt.isAccepted ? '' : receipt.error.code));
      expect(codes).toEqual(['QUEUE_UNREACHABLE', 'QUEUE_UNREACHABLE', 'QUEUE_FULL']);
    });

    // Goes red when `send` does not wait for the job to be added.
    it('P1: has lost nothing it acknowledged when Redis comes back from a stop', async () => {
      const door = openOwnDoor({ acceptTimeoutMs: 10_000 });
      const producer = door.open();
      const [before, meanwhile] = [aMessage(), aMessage()];
      await producer.createMessage(before);
      await redis.stop();
      const call = producer.createMessage(meanwhile);
      await redis.start();
      await call;
      expect((await door.jobs()).flat()).toEqual([before, meanwhile]);
    });

    it('holds on until Redis is there when told to wait', async () => {
      await redis.stop();
      const door = openOwnDoor({ whenUnreachable: 'wait', acceptTimeoutMs: 1 });
      const message = aMessage();
      let isSettled = false;
      const call = door
        .open()
        .createMessage(message)
        .finally(() => (isSettled = true));
      const impatient = openOwnDoor({ acceptTimeoutMs: 300 }).open();
      await expectFault(impatient, { code: 'QUEUE_UNREACHABLE' }); // Long after it would have failed.
      expect(isSettled).toBe(false);

      await redis.start();

      await call;
      expect((await door.jobs()).flat()).toEqual([message]);
    });
  });
});

const idsOf = (messages: readonly Message[]) => messages.map((message) => message.messageId);

async function faultOf(producer: Producer, message: NewMessage): Promise<MessageError> {
  const error: unknown = await producer.createMessage(message).catch((fault: unknown) => fault);
  if (!(error instanceof MessageError)) return expect.fail(`no MessageError: ${String(error)}`);
  return error;
}

async function expectFault(producer: Producer, expected: object): Promise<void> {
  const message = aMessage();
  const fault = await faultOf(producer, message);
  expect(fault).toMatchObject({ messageId: message.messageId, ...expected });
}
