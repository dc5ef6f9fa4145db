import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { MessageError } from '../../queues/producer.ts';
import { eventually } from '../house.ts';
import {
  expectKept,
  msUntilNextStored,
  openPrivateHouse,
  type PrivateHouse,
  untilDrained,
} from './private-house.ts';
import { isTyped, openStream } from './stream.ts';

const RECOVERY_MS_MAX = 3_000;

let house: PrivateHouse;
beforeAll(async () => void (house = await openPrivateHouse()));
afterEach(() => house.tidyUp());
afterAll(() => house?.close());

/** A Fleet at work, and two chatbots: one that waits a while for Redis, one in a hurry. */
async function openLoad(companyId: string) {
  const wiring = await house.openWiring({ keyPrefix: companyId });
  const fleet = await house.runFleet({ keyPrefix: companyId });
  const patient = openStream(house.openProducer({ prefix: companyId }), { companyId });
  const hasty = house.openProducer({ prefix: companyId, acceptTimeoutMs: 200 });
  const hurried = openStream(hasty, { companyId });
  await msUntilNextStored(house);
  return {
    wiring,
    fleet,
    patient,
    hurried,
    /** Ends both; nothing accepted may be lost, nothing may be twice. */
    async expectAllKept() {
      await Promise.all([patient.stop(), hurried.stop()]);
      const refusals = [...patient.refusals, ...hurried.refusals];
      expect(refusals.filter((refusal) => !isTyped(refusal))).toEqual([]);
      expect(await untilDrained(wiring)).toMatchObject({ dead: 0 });
      await expectKept(house, companyId, {
        accepted: [...patient.accepted, ...hurried.accepted],
        // Redis may have taken it, and died before it could say so.
        mayBeThere: refusals.map((refusal) => (refusal as MessageError).messageId ?? ''),
      });
    },
    jobsNotDone: () => fleet.lines.filter((line) => line.includes('job not done')),
  };
}

describe("the queue's Redis", () => {
  // Red with `appendonly no`.
  it('P1: killed with all its work still waiting, keeps every Message it had accepted', async () => {
    const wiring = await house.openWiring({ keyPrefix: 'relojoaria' });
    const stream = openStream(house.openProducer({ prefix: 'relojoaria' }), {
      companyId: 'relojoaria',
    });
    await eventually(
      async () => stream.accepted.length,
      (count) => count >= 1_000,
    );

    await house.kill('queue-redis');
    await house.restart();
    await stream.stop();
    await house.runFleet({ keyPrefix: 'relojoaria' });

    expect(await untilDrained(wiring)).toMatchObject({ dead: 0 });
    await expectKept(house, 'relojoaria', stream);
    expect(stream.refusals).toEqual([]);
  });

  // Red when `openJobSender` does not try again: the patient chatbot is refused, too.
  it('P1, P2: killed three times in mid-stream, what was accepted is stored, once', async () => {
    const load = await openLoad('padaria');

    for (let deaths = 0; deaths < 3; deaths += 1) {
      await house.kill('queue-redis');
      const refusedAt = load.hurried.refusals.length;
      await eventually(
        async () => load.hurried.refusals.length,
        (count) => count > refusedAt + 50,
      );
      await house.restart();
      const recoveryMs = await msUntilNextStored(house);
      expect(recoveryMs).toBeLessThan(RECOVERY_MS_MAX);
      report('queue Redis killed', recoveryMs);
    }

    // A job whose start Redis noted and nobody heard of is taken over when its lock is 15 s old.
    await load.expectAllKept();
    expect(load.patient.refusals).toEqual([]);
  }, 60_000);

  // Red without `within` in `job-sender.ts`: calls wait for the connection's own, longer timeout.
  it('P8: hanging, not gone: every call has its answer in time', async () => {
    const load = await openLoad('otica');
    const { pid } = await house.pidOf('queue-redis');

    process.kill(pid, 'SIGSTOP');
    const stoppedAt = performance.now();
    await eventually(
      async () => load.hurried.refusals.length,
      (count) => count > 100,
    ).finally(() => process.kill(pid, 'SIGCONT'));
    expect(performance.now() - stoppedAt).toBeLessThan(2_000);
    const recoveryMs = await msUntilNextStored(house);

    expect(recoveryMs).toBeLessThan(RECOVERY_MS_MAX);
    report('queue Redis hung', recoveryMs);
    await load.expectAllKept();
  });

  // Red without `reconnectOnError`: connections stay with what is no primary any more.
  it('P1, P2: demoted for a while, nothing is lost and nobody stays connected to it', async () => {
    const load = await openLoad('mercado');
    const redis = new Redis(house.env.QUEUE_REDIS_URL);
    const before = await connectionIds(redis);

    await redis.replicaof('127.0.0.1', 1);
    // Those that asked something; one that is idle learns of it when it does.
    await eventually(
      () => connectionIds(redis),
      (ids) => ids.filter((id) => before.includes(id)).length <= before.length / 2,
    );
    await redis.replicaof('NO', 'ONE');
    const recoveryMs = await msUntilNextStored(house);
    redis.disconnect();

    expect(recoveryMs).toBeLessThan(RECOVERY_MS_MAX);
    report('queue Redis demoted', recoveryMs);
    await load.expectAllKept();
  }, 60_000);
});

describe("the cache's Redis", () => {
  // Red when a fence that Redis did not take fails its transaction.
  it('P1, P5: killed and restarted under load, no job fails and no page is old', async () => {
    const load = await openLoad('farmacia');
    const page = { companyId: 'farmacia', conversationId: 'pedido-1', limit: 20 };
    const read = () => load.wiring.getRecentMessages(page);
    await eventually(read, ({ messages }) => messages.length > 0);

    await house.kill('cache-redis');
    const without = await read();
    await eventually(read, ({ messages }) => !isSame(messages, without.messages));
    await house.restart();
    const recoveryMs = await msUntilNextStored(house);

    expect(recoveryMs).toBeLessThan(RECOVERY_MS_MAX);
    await load.expectAllKept();
    expect(load.jobsNotDone()).toEqual([]);
    expect((await read()).messages).toEqual((await load.wiring.findMessages(page)).messages);
  });
});

const isSame = (some: readonly object[], others: readonly object[]) =>
  JSON.stringify(some) === JSON.stringify(others);

async function connectionIds(redis: Redis): Promise<string[]> {
  const list = String(await redis.call('client', 'list', 'type', 'normal'));
  const own = String(await redis.call('client', 'id'));
  const ids = [...list.matchAll(/^id=(\d+)/gm)].map(([, id]) => id ?? '');
  return ids.filter((id) => id !== own);
}

function report(what: string, recoveryMs: number): void {
  process.stderr.write(`${what}: works again ${Math.round(recoveryMs)} ms after its return\n`);
}
