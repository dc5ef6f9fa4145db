import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** One of the right form; the peer takes any. */
export const KEY = `cam_abcdefghijkl_${'x'.repeat(43)}`;

/** A request as it came over the wire. */
export interface Heard {
  readonly method: string;
  /** Path and query. */
  readonly address: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Milliseconds, of `performance.now`. */
  readonly at: number;
}

export type Reply = (response: ServerResponse, heard: Heard) => void;

/** An HTTP server that answers its requests one after the other as told; the last reply stays. */
export async function openPeer(...replies: readonly Reply[]) {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { method = '', url: address = '', headers } = request;
      const one: Heard = { method, address, headers, body, at: performance.now() };
      const reply = replies[Math.min(heard.push(one), replies.length) - 1];
      if (reply) reply(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard };
}

/** An answer with a body of JSON. */
export function answer(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
}

/** A refusal, as the server writes it. */
export function problem(status: number, code: string, more: object = {}): Reply {
  const retryAfter = (more as { retryAfter?: string }).retryAfter;
  const body = { type: 'about:blank', status, code, detail: `so: ${code}`, requestId: 'r-1' };
  const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
  return answer(status, { ...body, ...more }, headers);
}

/** Takes one Message, or many, as a server does to which all are welcome. */
export const accepting: Reply = (response, { body }) => {
  const sent = JSON.parse(body) as { messageId: string } | { messageId: string }[];
  if (!Array.isArray(sent)) return answer(202, { messageId: sent.messageId })(response, never);
  const verdicts = sent.map(({ messageId }) => ({ isAccepted: true, messageId }));
  return answer(202, { accepted: sent.length, refused: 0, verdicts })(response, never);
};

/** Says nothing and keeps the connection open. */
export const silence: Reply = () => {};

/** Has read the request, and drops the connection. */
export const hangUp: Reply = (response) => void response.socket?.destroy();

const never = {} as Heard;
