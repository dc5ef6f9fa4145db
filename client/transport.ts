import { ClientError } from './client-error.ts';

export interface TransportOptions {
  readonly url: string;
  readonly key: string;
  readonly timeoutMs: number;
  readonly fetch: typeof globalThis.fetch;
}

export interface Request {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the URL of the installation, without a slash before it. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | Date | undefined>>;
  /** JSON. */
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** What the JSON says; null where it is none. */
  readonly body: unknown;
}

export interface Transport {
  /**
   * One attempt at one request; any status is an answer.
   *
   * @param leftMs Milliseconds it may take, beside the transport's own limit.
   * @throws ClientError `UNREACHABLE`, `TIMED_OUT`; or what the signal gives as its reason.
   */
  ask(request: Request, leftMs: number, signal?: AbortSignal): Promise<Answer>;
}

/** @throws TypeError If the URL or the key cannot be right. It does not quote them: they are secret. */
export function openTransport(options: TransportOptions): Transport {
  const { timeoutMs, fetch } = options;
  const base = baseOf(options.url);
  const headers = { accept: 'application/json', authorization: `Bearer ${keyOf(options.key)}` };

  return {
    async ask({ method, path, query = {}, body }, leftMs, signal) {
      const address = addressOf(base, path, query);
      const late = AbortSignal.timeout(Math.max(0, Math.ceil(Math.min(leftMs, timeoutMs))));
      try {
        const response = await fetch(address, {
          method,
          headers: body === undefined ? headers : { ...headers, 'content-type': JSON_TYPE },
          body: body ?? null,
          // Followed, a POST may come out as a GET, and the key with another server.
          redirect: 'manual',
          signal: signal ? AbortSignal.any([signal, late]) : late,
        });
        const text = await response.text();
        return { status: response.status, headers: response.headers, body: parsed(text) };
      } catch (error) {
        signal?.throwIfAborted();
        throw late.aborted ? timedOut(error) : unreachable(error);
      }
    },
  };
}

const JSON_TYPE = 'application/json';

function baseOf(url: string): URL {
  const base = URL.canParse(url) ? new URL(url) : null;
  const isUsable = base && /^https?:$/.test(base.protocol) && base.username + base.password === '';
  if (!isUsable) {
    throw new TypeError('url: must be http://… or https://…, without user and password in it');
  }
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
}

/** What is in a file often ends in a line feed. */
function keyOf(key: string): string {
  const word = key.trim();
  if (!/^[\x21-\x7e]+$/.test(word)) throw new TypeError('key: must be an API key, cam_…');
  return word;
}

function addressOf(base: URL, path: string, query: NonNullable<Request['query']>): URL {
  const address = new URL(path, base);
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    address.searchParams.set(name, value instanceof Date ? value.toISOString() : String(value));
  }
  return address;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const MAY_BE_TAKEN = 'a message sent may have been taken: send it again with the same messageId';

const timedOut = (cause: unknown) =>
  new ClientError('TIMED_OUT', `the server did not answer in time; ${MAY_BE_TAKEN}`, { cause });

function unreachable(cause: unknown): ClientError {
  const sentence = `the server cannot be reached (${reasonOf(cause)}); ${MAY_BE_TAKEN}`;
  return new ClientError('UNREACHABLE', sentence, { cause });
}

/** What `fetch` says is always "fetch failed"; why, its cause knows. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return 'code' in error ? String(error.code) : error.message;
}
