import { Agent, request } from 'node:http';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As they came: nothing is unpacked. */
  readonly bytes: Buffer;
  readonly text: string;
}

export interface Question {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer | undefined;
}

export type Caller = ReturnType<typeof openCaller>;

/**
 * Somebody who asks over HTTP, with an API key or without one. Nothing is added to a question or
 * taken from an answer on the way.
 */
export function openCaller(url: string, token?: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };

  async function ask(path: string, { method = 'GET', headers, body }: Question = {}) {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const sized = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const all = { ...authorization, ...sized, ...headers };
    const asking = request(`${url}${path}`, { agent, method, headers: all }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () => {
        const bytes = Buffer.concat(chunks);
        const { statusCode: status = 0, headers: given } = answer;
        resolve({ status, headers: given, bytes, text: bytes.toString() });
      });
    });
    asking.once('error', reject);
    asking.setTimeout(ANSWER_MS_MAX, () => asking.destroy(new Error(`no answer: ${path}`)));
    asking.end(body);
    return promise;
  }

  return {
    ask,
    get: (path: string, headers: OutgoingHttpHeaders = {}) => ask(path, { headers }),
    delete: (path: string) => ask(path, { method: 'DELETE' }),
    /** Hands over one Message or many. */
    post(body: unknown, headers: OutgoingHttpHeaders = {}) {
      const own = { 'content-type': 'application/json', ...headers };
      return ask('/messages', { method: 'POST', headers: own, body: JSON.stringify(body) });
    },
    close: () => agent.destroy(),
  };
}

const ANSWER_MS_MAX = 15_000;

/** The bytes as they were before they were packed for the way. */
export function unpacked({ headers, bytes }: Answer): Buffer {
  const encoding = headers['content-encoding'];
  if (encoding === 'gzip') return gunzipSync(bytes);
  if (encoding === 'br') return brotliDecompressSync(bytes);
  return encoding === 'deflate' ? inflateSync(bytes) : bytes;
}

/** What an answer says, as JSON; `requestId` is another each time. */
export function said({ text }: Answer): Record<string, unknown> {
  const { requestId, ...rest } = JSON.parse(text) as Record<string, unknown>;
  void requestId;
  return rest;
}

export function codeOf(answer: Answer): unknown {
  return said(answer)['code'];
}
