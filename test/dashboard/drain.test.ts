import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aMessage, eventually } from '../house.ts';
import { said } from './caller.ts';
import { type HttpHouse, openHttpHouse } from './open-http-house.ts';
import { headOf, openRawConnection } from './raw-connection.ts';

let house: HttpHouse;
beforeAll(async () => void (house = await openHttpHouse()));
afterAll(() => house?.close());

/** A POST on a connection of its own, of which the last byte is still missing. */
async function beginPost(url: string, conversationId: string) {
  const body = JSON.stringify(aMessage({ conversationId, createdAt: new Date().toISOString() }));
  const connection = await openRawConnection(url);
  const fields = {
    authorization: `Bearer ${await house.tokenFor()}`,
    'content-type': 'application/json',
    'content-length': `${Buffer.byteLength(body)}`,
  };
  connection.send(headOf('POST', '/messages', fields));
  connection.send(Buffer.from(body).subarray(0, -1));
  return { ...connection, finish: () => connection.send('}') };
}

const received = (connection: { received(): string }, wanted: string) =>
  eventually(
    async () => connection.received(),
    (text) => text.includes(wanted),
    5_000,
  );

async function untilStored(ids: ReadonlySet<string>): Promise<void> {
  const read = async () => {
    const sent = [...ids].map((messageId) => aMessage({ messageId }));
    return (await house.wiring.findStored('padaria', sent)).size;
  };
  await eventually(read, (count) => count === ids.size, 30_000);
}

describe('told to end', () => {
  // Red when connections that fall idle while it drains are left to the client to close.
  it('finishes what is under way, says that it drains, and keeps nobody waiting', async () => {
    const dashboard = await house.openDashboard();
    const post = await beginPost(dashboard.url, 'under-way');
    const asking = await openRawConnection(dashboard.url);
    const probe = headOf('GET', '/readyz');
    asking.send(probe.slice(0, -2)); // Begun, and so under way.
    const idle = await openRawConnection(dashboard.url);
    idle.send(headOf('GET', '/healthz'));
    await received(idle, '"ok"');

    const stopped = dashboard.stop();
    await idle.closed;
    asking.send(probe.slice(-2));
    expect(await received(asking, 'draining')).toMatch(/^HTTP\/1.1 503 /);
    await expect(openRawConnection(dashboard.url)).rejects.toThrow('ECONNREFUSED');
    post.finish();
    expect(await received(post, 'messageId')).toMatch(/^HTTP\/1.1 202 /);
    const answeredAt = performance.now();

    await stopped;
    expect(performance.now() - answeredAt).toBeLessThan(3_000);
    await eventually(
      () => house.caller.get('/messages/conversations/under-way/messages'),
      ({ status }) => status === 200,
    );
  });

  it('waits no longer than it may for one who does not finish', async () => {
    const dashboard = await house.openDashboard({ drainMsMax: 300 });
    const post = await beginPost(dashboard.url, 'never');
    const toldAt = performance.now();
    await dashboard.stop();
    expect(performance.now() - toldAt).toBeLessThan(3_000);
    await post.closed;
  });

  // Red when the producer is closed before the server.
  it('P1: in mid-stream, has stored whatever it answered 202 to', async () => {
    const dashboard = await house.openDashboard();
    const token = await house.tokenFor();
    const accepted = new Set<string>();

    async function talk(): Promise<void> {
      const caller = house.callerWith(token, dashboard.url);
      for (;;) {
        const messageId = randomUUID();
        const answer = await caller
          .post(aMessage({ messageId, conversationId: 'corrente' }))
          .catch(() => null);
        if (!answer) return; // The connection was closed, or is no longer to be had.
        expect([answer.status, said(answer)]).toEqual([202, { messageId }]);
        accepted.add(messageId);
      }
    }

    const talking = Promise.all(Array.from({ length: 8 }, talk));
    await eventually(
      async () => accepted.size,
      (count) => count > 100,
    );
    await dashboard.stop();
    await talking;

    await untilStored(accepted);
  });
});
