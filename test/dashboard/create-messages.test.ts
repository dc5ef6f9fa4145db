import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BODY_BYTES_MAX } from '../../dashboard/body.ts';
import { MESSAGES_PER_CALL_MAX } from '../../dashboard/routes/create-messages.ts';
import type { Message } from '../../domain/message.ts';
import type { Page } from '../../domain/page.ts';
import { eventually } from '../house.ts';
import { codeOf, said } from './caller.ts';
import { type HttpHouse, openHttpHouse } from './open-http-house.ts';
import { headOf, openRawConnection } from './raw-connection.ts';

let house: HttpHouse;
beforeAll(async () => void (house = await openHttpHouse()));
afterAll(() => house?.close());

const JSON_TYPE = { 'content-type': 'application/json' };

function order(given: Partial<Message> = {}): Partial<Message> {
  return { clientId: 'ana', conversationId: 'pedido-1', role: 'user', content: 'Oi 📦', ...given };
}

function postBytes(body: Buffer | string, headers: Record<string, string> = {}) {
  return house.caller.ask('/messages', {
    method: 'POST',
    headers: { ...JSON_TYPE, ...headers },
    body,
  });
}

async function stored(conversationId: string, count = 1): Promise<readonly Message[]> {
  const path = `/messages/conversations/${conversationId}/messages?limit=500`;
  const { text } = await eventually(
    () => house.caller.get(path),
    (answer) => answer.status === 200 && (JSON.parse(answer.text) as Page).messages.length >= count,
  );
  return (JSON.parse(text) as Page).messages;
}

describe('POST /messages', () => {
  it('P1: answers 202, and the message is read back as it was sent, field by field', async () => {
    const message = order({
      conversationId: 'whole',
      messageId: 'wamid.HBgM=',
      createdAt: '2026-03-01T12:00:00.123Z',
      metadata: { z: 1, a: { '0': ['ç', null, 1.5] }, __proto: 'x' },
    });
    const answer = await house.caller.post(message);
    expect([answer.status, said(answer)]).toEqual([202, { messageId: 'wamid.HBgM=' }]);
    expect(await stored('whole')).toEqual([{ companyId: 'padaria', ...message }]);
  });

  it('P1: fills in an id and the present moment', async () => {
    const before = new Date().toISOString();
    const answer = await house.caller.post(order({ conversationId: 'bare' }));
    const [message] = await stored('bare');
    expect(said(answer)).toEqual({ messageId: message?.messageId });
    expect(message?.messageId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(before <= (message?.createdAt ?? '')).toBe(true);
  });

  it('takes many in one call, each with a verdict of its own, in order', async () => {
    const many = Array.from({ length: MESSAGES_PER_CALL_MAX }, () => {
      return order({ conversationId: 'many', messageId: randomUUID() });
    });
    const answer = await house.caller.post(many);
    const verdicts = many.map(({ messageId }) => ({ isAccepted: true, messageId }));
    expect(answer.status).toBe(202);
    expect(said(answer)).toEqual({ accepted: many.length, refused: 0, verdicts });
    const ids = (await stored('many', many.length)).map(({ messageId }) => messageId);
    expect(new Set(ids)).toEqual(new Set(many.map(({ messageId }) => messageId)));
    expect(ids).toHaveLength(many.length);
  });

  it('refuses some without stopping the others, and says why each', async () => {
    const some = [order({ conversationId: 'some' }), order({ role: 'bott' as 'bot' }), 7];
    const answer = await house.caller.post(some);
    expect(answer.status).toBe(207);
    expect(said(answer)).toMatchObject({
      accepted: 1,
      refused: 2,
      verdicts: [
        { isAccepted: true },
        { isAccepted: false, messageId: null, code: 'MESSAGE_INVALID', field: 'role' },
        { isAccepted: false, messageId: null, code: 'MESSAGE_INVALID', field: 'message' },
      ],
    });
    expect(await stored('some')).toHaveLength(1);
  });

  it('answers with a problem when none was accepted, and with the verdicts', async () => {
    const answer = await house.caller.post([order({ content: 5 as unknown as string }), {}]);
    expect(answer.status).toBe(422);
    expect(said(answer)).toMatchObject({
      code: 'MESSAGE_INVALID',
      verdicts: [{ field: 'content' }, {}],
    });
  });

  it.each([
    ['no body', undefined, {}, [422, 'MESSAGE_INVALID']],
    ['an empty list', '[]', {}, [400, 'REQUEST_INVALID']],
    ['a broken body', '{"clientId":', {}, [400, 'REQUEST_INVALID']],
    ['a number', '7', {}, [400, 'REQUEST_INVALID']],
    [
      'too many messages',
      JSON.stringify(Array.from({ length: MESSAGES_PER_CALL_MAX + 1 }, () => ({}))),
      {},
      [400, 'REQUEST_INVALID'],
    ],
    ['too deep a body', '['.repeat(1_000) + ']'.repeat(1_000), {}, [400, 'REQUEST_INVALID']],
    ['too large a body', Buffer.alloc(BODY_BYTES_MAX + 1, ' '), {}, [413, 'BODY_TOO_LARGE']],
    ['another type', '{}', { 'content-type': 'text/plain' }, [415, 'MEDIA_TYPE_UNSUPPORTED']],
    [
      'a patch',
      '[]',
      { 'content-type': 'application/json-patch+json' },
      [415, 'MEDIA_TYPE_UNSUPPORTED'],
    ],
    // In UTF-16 or UTF-7 brackets hide from whoever counts bytes.
    [
      'UTF-16',
      '{}',
      { 'content-type': 'application/json; charset=utf-16' },
      [415, 'MEDIA_TYPE_UNSUPPORTED'],
    ],
    [
      'UTF-7',
      '{}',
      { 'content-type': 'application/json; charset=utf-7' },
      [415, 'MEDIA_TYPE_UNSUPPORTED'],
    ],
    ['an unknown packing', '{}', { 'content-encoding': 'lzma' }, [415, 'MEDIA_TYPE_UNSUPPORTED']],
    [
      'what is not packed as it says',
      '{}',
      { 'content-encoding': 'gzip' },
      [400, 'REQUEST_INVALID'],
    ],
  ] as const)('P8: refuses %s, and says so', async (_, body, headers, wanted) => {
    const question = { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body };
    const answer = await house.caller.ask('/messages', question);
    expect([answer.status, codeOf(answer)]).toEqual(wanted);
  });

  it('does not mistake brackets in texts for depth', async () => {
    const content = '"[{\\'.repeat(1_000);
    const answer = await house.caller.post(order({ conversationId: 'brackets', content }));
    expect(answer.status).toBe(202);
    expect(await stored('brackets')).toMatchObject([{ content }]);
  });

  it.each(['application/json', 'application/json; charset=UTF-8', 'APPLICATION/JSON;x=y'])(
    'takes %s',
    async (type) => {
      const answer = await postBytes(JSON.stringify(order()), { 'content-type': type });
      expect(answer.status).toBe(202);
    },
  );

  it('takes a body packed with gzip', async () => {
    const packed = gzipSync(JSON.stringify(order({ conversationId: 'packed' })));
    expect(await postBytes(packed, { 'content-encoding': 'gzip' })).toMatchObject({ status: 202 });
    expect(await stored('packed')).toHaveLength(1);
  });

  it('P8: stops unpacking a body that has no end', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '), { level: 1 });
    const before = process.memoryUsage().arrayBuffers;
    const answer = await postBytes(bomb, { 'content-encoding': 'gzip' });
    expect([answer.status, codeOf(answer)]).toEqual([413, 'BODY_TOO_LARGE']);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
  });

  // Red when what a body says of its length is believed to be a passing load, or is waited for.
  it('P8: refuses a body that says it is too large, before it comes', async () => {
    const connection = await openRawConnection(house.url);
    const authorization = `Bearer ${await house.tokenFor()}`;
    connection.send(
      headOf('POST', '/messages', { ...JSON_TYPE, authorization, 'content-length': '9000000000' }),
    );
    const text = await eventually(
      async () => connection.received(),
      (received) => received.includes('requestId'),
      3_000,
    );
    connection.close();
    expect(text).toMatch(/^HTTP\/1.1 413 /);
    expect(text).toContain('BODY_TOO_LARGE');
  });

  // Red when packed bodies are counted by the little that is sent of them.
  it('P8: reads no more bodies at once than memory bears, packed ones counted as unpacked', async () => {
    const authorization = `Bearer ${await house.tokenFor()}`;
    const fields = {
      ...JSON_TYPE,
      authorization,
      'content-encoding': 'gzip',
      'content-length': '999',
    };
    const hold = async () => {
      const connection = await openRawConnection(house.url);
      connection.send(headOf('POST', '/messages', fields));
      return connection;
    };
    let held = await Promise.all(Array.from({ length: 16 }, hold));
    const refusal = await eventually(
      async () => {
        // One that met a message of ours on its way was refused itself, and comes again.
        held = await Promise.all(held.map(async (one) => (one.received() === '' ? one : hold())));
        await house.caller.get('/messages?limit=1'); // By then those before it are let in.
        return house.caller.post(order());
      },
      ({ status }) => status === 503,
    );
    expect([codeOf(refusal), refusal.headers['retry-after']]).toEqual(['OVERLOADED', '1']);
    for (const { close } of held) close();
    await eventually(
      () => house.caller.post(order()),
      ({ status }) => status === 202,
    );
  });
});

describe('a message sent again', () => {
  // Red with a primary key of hot messages that holds `created_at`, and no unique one besides.
  it('P2: is stored once: in another call, or in the same, whatever its time', async () => {
    const message = order({ conversationId: 'again', messageId: 'wamid.again' });
    const later = { ...message, createdAt: '2026-03-02T00:00:00Z' };
    for (const body of [message, later, [message, message, later], [later]]) {
      expect(await house.caller.post(body)).toMatchObject({ status: 202 });
    }
    await house.caller.post(
      order({ conversationId: 'again', messageId: 'last', createdAt: '2026-03-09T00:00:00Z' }),
    );
    await eventually(
      () => house.caller.get('/messages/conversations/again/messages'),
      ({ text }) => text.includes('"last"'),
    );
    await eventually(
      () => house.wiring.queue.inspector.counts('persist'),
      ({ waiting, active }) => waiting + active === 0,
    );
    const ids = (await stored('again')).map(({ messageId }) => messageId);
    expect(ids.toSorted()).toEqual(['last', 'wamid.again']);
  });
});
