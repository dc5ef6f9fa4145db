import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** A request to `/v1/chat/completions`, as the server saw it. */
export interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: {
    readonly model: string;
    readonly messages: readonly { readonly role: string; readonly content: string }[];
    readonly response_format: { readonly type: string; readonly json_schema?: object };
    readonly max_tokens?: number;
    readonly max_completion_tokens?: number;
    readonly tools?: unknown;
  };
}

/** Answers one request, in whatever way. */
export type Reply = (response: ServerResponse, asked: Asked) => void;

/**
 * A server of a language model on a free port, without the model: it speaks OpenAI's protocol, and
 * says what it is told. It gives the replies in turn, and the last one again and again.
 */
export async function openLanguageModelServer(...replies: [Reply, ...Reply[]]) {
  const asked: Asked[] = [];
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await json(request)) as Asked['body'];
    const question = { path: request.url ?? '', headers: request.headers, body };
    const reply = replies[Math.min(asked.length, replies.length - 1)];
    asked.push(question);
    reply?.(response, question);
  }
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    asked,
    /** The data of a request, which the model is to summarize. */
    dataOf: (nth: number) => JSON.parse(asked[nth]?.body.messages[1]?.content ?? '') as Data,
  };
}

export interface Data {
  readonly previous: { readonly summary: string; readonly keyPoints: readonly unknown[] } | null;
  readonly omitted: number;
  readonly messages: readonly {
    readonly n: number;
    readonly role: string;
    readonly text: string;
  }[];
}

/** An answer of the model: a text, or a value as JSON. */
export const says =
  (
    answer: unknown,
    usage: object | null = { prompt_tokens: 1_000, completion_tokens: 200 },
  ): Reply =>
  (response) => {
    const content = typeof answer === 'string' ? answer : JSON.stringify(answer);
    const message = { role: 'assistant', content };
    send(response, 200, { choices: [{ message, finish_reason: 'stop' }], ...(usage && { usage }) });
  };

/** A refusal, as OpenAI's protocol has them. */
export const refuses =
  (status: number, options: { headers?: Record<string, string>; error?: object } = {}): Reply =>
  (response, { headers, body }) => {
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      response.setHeader(name, value);
    }
    // Real ones quote the key and what they were asked, too.
    const quoted = `${headers.authorization}: ${JSON.stringify(body.messages)}`;
    send(response, status, { error: { message: quoted, ...options.error } });
  };

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
