import { describe, expect, it } from 'vitest';
import { findFreePort } from '../../bin/dev/free-port.ts';
import { ClientError, openClient, type OutgoingMessage } from '../../client/http.ts';
import { isUuid } from '../../domain/message-id.ts';
import { accepting, answer, type Heard, hangUp, KEY, openPeer, problem, silence } from './peer.ts';

const MESSAGE = { clientId: 'ana', conversationId: 'c', role: 'user', content: 'oi' } as const;

const sentIn = ({ body }: Heard) => JSON.parse(body) as OutgoingMessage & OutgoingMessage[];
const many = (count: number, given: Partial<OutgoingMessage> = {}) =>
  Array.from({ length: count }, (_, at) => ({ ...MESSAGE, ...given, messageId: `m-${at}` }));

describe('createMessage', () => {
  it('sends the Message with the key, an id and the moment', async () => {
    const { url, heard } = await openPeer(accepting);
    const before = new Date().toISOString();

    const { messageId } = await openClient({ url, key: `${KEY}\n` }).createMessage(MESSAGE);

    const [one] = heard as [Heard];
    expect(`${one.method} ${one.address}`).toBe('POST /messages');
    expect(one.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
    });
    const { createdAt } = sentIn(one);
    expect(sentIn(one)).toEqual({ ...MESSAGE, messageId, createdAt });
    expect(isUuid(messageId)).toBe(true);
    expect(String(createdAt) >= before && String(createdAt) <= new Date().toISOString()).toBe(true);
  });

  it('keeps what the chatbot brings, and a path before ours', async () => {
    const { url, heard } = await openPeer(accepting);
    const given = { ...MESSAGE, companyId: 'padaria', messageId: 'wamid.1', metadata: { a: [1] } };
    const createdAt = new Date('2026-03-01T12:00:00Z');

    await openClient({ url: `${url}/camadas`, key: KEY }).createMessage({ ...given, createdAt });

    expect(heard[0]?.address).toBe('/camadas/messages');
    expect(sentIn(heard[0] as Heard)).toEqual({ ...given, createdAt: '2026-03-01T12:00:00.000Z' });
  });

  // Goes red when `pack` runs once for each attempt.
  it.each([
    ['drops the connection after it took the Message', hangUp],
    ['does not answer in time', silence],
    ['is behind a proxy that lost it', answer(502, 'Bad Gateway')],
    ['is behind a proxy that waited for it', answer(504, 'Gateway Timeout')],
    ['has too much to do', problem(503, 'OVERLOADED', { retryAfter: '0' })],
    ['has been asked too often', problem(429, 'TOO_MANY_REQUESTS')],
  ])('P2: sends the very same again to a server that %s', async (_, reply) => {
    const { url, heard } = await openPeer(reply, accepting);

    const client = openClient({ url, key: KEY, timeoutMs: 300 });
    const { messageId } = await client.createMessage(MESSAGE);

    expect(heard).toHaveLength(2);
    expect(heard[1]?.body).toBe(heard[0]?.body);
    expect(sentIn(heard[0] as Heard).messageId).toBe(messageId);
  });

  it.each([400, 401, 403, 404, 408, 409, 413, 422, 500])(
    'asks no second time after %i, and tells what the server says',
    async (status) => {
      const { url, heard } = await openPeer(problem(status, 'CODE', { field: 'role' }));

      const error = await openClient({ url, key: KEY })
        .createMessage({ ...MESSAGE, messageId: 'm' })
        .catch((fault: unknown) => fault);

      expect(error).toBeInstanceOf(ClientError);
      expect(error).toMatchObject({
        name: 'ClientError',
        message: 'so: CODE',
        detail: 'so: CODE',
        code: 'CODE',
        retry: 'never',
        field: 'role',
        status,
        requestId: 'r-1',
        retryAfterMs: null,
        messageId: 'm',
      });
      expect(heard).toHaveLength(1);
    },
  );

  it('waits at least as long as the server asks for', async () => {
    const { url, heard } = await openPeer(
      problem(503, 'QUEUE_FULL', { retryAfter: '1' }),
      accepting,
    );
    await openClient({ url, key: KEY }).createMessage(MESSAGE);
    expect((heard[1]?.at ?? 0) - (heard[0]?.at ?? 0)).toBeGreaterThan(990);
  });

  it('P8: gives up after attemptsMax, and says when to come back', async () => {
    const { url, heard } = await openPeer(problem(503, 'QUEUE_FULL', { retryAfter: '0' }));
    const call = openClient({ url, key: KEY, attemptsMax: 3 }).createMessage(MESSAGE);
    await expect(call).rejects.toMatchObject({ code: 'QUEUE_FULL', retry: { afterMs: 0 } });
    expect(heard).toHaveLength(3);
  });

  it('P8: gives up at once when the server asks for more time than there is', async () => {
    const { url, heard } = await openPeer(problem(503, 'QUEUE_FULL', { retryAfter: '3600' }));
    const call = openClient({ url, key: KEY }).createMessage(MESSAGE);
    await expect(call).rejects.toMatchObject({ status: 503, retryAfterMs: 3_600_000 });
    expect(heard).toHaveLength(1);
  });

  it('P8: ends within totalMsMax when nobody answers, also with a signal', async () => {
    const { url } = await openPeer(silence);
    const startedAt = performance.now();
    const client = openClient({ url, key: KEY, timeoutMs: 60_000, totalMsMax: 400 });
    const { signal } = new AbortController();
    await expect(client.createMessage(MESSAGE, { signal })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      status: null,
    });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it('tells the reason and the messageId when there is no server', async () => {
    const url = `http://127.0.0.1:${await findFreePort()}`;
    const call = openClient({ url, key: KEY, attemptsMax: 2 }).createMessage(MESSAGE);
    const error = (await call.catch((fault: unknown) => fault)) as ClientError;
    expect(error).toMatchObject({ code: 'UNREACHABLE', status: null, retry: 'backoff' });
    expect(error.message).toContain('ECONNREFUSED');
    expect(isUuid(error.messageId ?? '')).toBe(true);
  });

  it('ends with the reason of the signal, whether it waits for an answer or between two', async () => {
    const replies = [silence, problem(503, 'QUEUE_FULL', { retryAfter: '30' })];
    for (const [at, reply] of replies.entries()) {
      const ending = new AbortController();
      const reason = new Error('no longer needed');
      const { url, heard } = await openPeer((response, one) => {
        reply(response, one);
        setImmediate(() => ending.abort(reason));
      });
      const client = openClient({ url, key: KEY, attemptsMax: 1 + at });
      const call = client.createMessage(MESSAGE, { signal: ending.signal });
      await expect(call).rejects.toBe(reason);
      expect(heard).toHaveLength(1);
    }
  });

  it('takes no answer of another server for ours, and follows it nowhere', async () => {
    const html = await openPeer((response) => response.end('<h1>It works!</h1>'));
    const call = openClient({ url: html.url, key: KEY }).createMessage(MESSAGE);
    await expect(call).rejects.toMatchObject({ code: 'ANSWER_INVALID', status: 200 });

    const other = await openPeer(accepting);
    const moved = await openPeer(answer(308, null, { location: `${other.url}/messages` }));
    const sent = openClient({ url: moved.url, key: KEY }).createMessage(MESSAGE);
    await expect(sent).rejects.toThrow(`answered 308; give openClient the url it leads to: http`);
    expect(other.heard).toEqual([]);
  });
});

describe('createMessages', () => {
  it('parts many into calls of 500, and answers in order', async () => {
    const { url, heard } = await openPeer(accepting);
    const messages = many(1_201);

    const receipts = await openClient({ url, key: KEY }).createMessages(messages);

    expect(heard.map((one) => sentIn(one).length)).toEqual([500, 500, 201]);
    expect(receipts).toEqual(messages.map(({ messageId }) => ({ isAccepted: true, messageId })));
  });

  it('parts long ones into calls of 2 MiB', async () => {
    const { url, heard } = await openPeer(accepting);
    // Each is of two bytes in UTF-8, so half as many characters fit.
    await openClient({ url, key: KEY }).createMessages(many(100, { content: 'é'.repeat(30_000) }));
    const bytes = heard.map(({ body }) => Buffer.byteLength(body));
    expect(heard.map((one) => sentIn(one).length)).toEqual([34, 34, 32]);
    expect(Math.max(...bytes)).toBeLessThanOrEqual(2 * 1024 * 1024 + 2);
  });

  // Goes red when `attempt` sends all of a call again.
  it('sends again only those that may be taken later', async () => {
    const verdicts = [
      { isAccepted: true, messageId: 'm-0' },
      refusal(null, 'MESSAGE_INVALID', 'role'), // As the server does.
      refusal('m-2', 'QUEUE_FULL'),
    ];
    const { url, heard } = await openPeer(answer(207, { verdicts }), accepting);

    const [first, second, third] = await openClient({ url, key: KEY }).createMessages(many(3));

    expect(heard.map((one) => sentIn(one).map(({ messageId }) => messageId))).toEqual([
      ['m-0', 'm-1', 'm-2'],
      ['m-2'],
    ]);
    expect([first, third]).toEqual(['m-0', 'm-2'].map(accepted));
    expect(second).toMatchObject({
      isAccepted: false,
      error: { code: 'MESSAGE_INVALID', field: 'role', messageId: 'm-1', retry: 'never' },
    });
  });

  it('reads the verdicts of a call of which none was accepted', async () => {
    const verdicts = [refusal('m-0', 'MESSAGE_INVALID', 'content'), refusal('m-1', 'QUEUE_FULL')];
    const refused = problem(422, 'MESSAGE_INVALID', { verdicts });
    const { url } = await openPeer(refused, accepting);
    const receipts = await openClient({ url, key: KEY }).createMessages(many(2));
    expect(receipts).toMatchObject([{ error: { field: 'content' } }, accepted('m-1')]);
  });

  it('gives every Message its receipt when the server is away, and waits for it once', async () => {
    const { url, heard } = await openPeer(problem(503, 'QUEUE_UNREACHABLE'));
    const client = openClient({ url, key: KEY, attemptsMax: 2 });

    const receipts = await client.createMessages(many(1_000));

    expect(heard).toHaveLength(2);
    expect(receipts).toHaveLength(1_000);
    for (const [at, receipt] of receipts.entries()) {
      const error = { code: 'QUEUE_UNREACHABLE', messageId: `m-${at}`, status: 503 };
      expect(receipt).toMatchObject({ isAccepted: false, error });
    }
  });

  it('goes on after a call whose content was refused as a whole', async () => {
    const { url, heard } = await openPeer(problem(413, 'BODY_TOO_LARGE'), accepting);
    const receipts = await openClient({ url, key: KEY }).createMessages(many(501));
    expect(heard).toHaveLength(2);
    expect(receipts[499]).toMatchObject({ error: { code: 'BODY_TOO_LARGE', messageId: 'm-499' } });
    expect(receipts[500]).toEqual(accepted('m-500'));
  });

  it('refuses what cannot be written as JSON, and takes its neighbours', async () => {
    const { url, heard } = await openPeer(accepting);
    const messages = many(3).with(1, { ...MESSAGE, messageId: 'm-1', metadata: { n: 1n } });

    const receipts = await openClient({ url, key: KEY }).createMessages(messages);

    expect(heard.map((one) => sentIn(one).length)).toEqual([2]);
    expect(receipts).toMatchObject([
      accepted('m-0'),
      { error: { code: 'MESSAGE_INVALID', field: 'metadata', messageId: 'm-1' } },
      accepted('m-2'),
    ]);
  });

  it('believes no answer that leaves a Message out', async () => {
    const { url } = await openPeer(answer(202, { verdicts: [accepted('m-0')] }));
    const receipts = await openClient({ url, key: KEY }).createMessages(many(2));
    const refused = { isAccepted: false, error: { code: 'ANSWER_INVALID' } };
    expect(receipts).toMatchObject([refused, refused]);
  });

  it('asks nobody when there is nothing to send', async () => {
    const { url, heard } = await openPeer(accepting);
    await expect(openClient({ url, key: KEY }).createMessages([])).resolves.toEqual([]);
    expect(heard).toEqual([]);
  });
});

const accepted = (messageId: string) => ({ isAccepted: true, messageId });

function refusal(messageId: string | null, code: string, field: string | null = null) {
  return { isAccepted: false, messageId, code, field, detail: `so: ${code}` };
}
