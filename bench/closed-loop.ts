import { quantile } from '../bin/quantile.ts';
import { type Exchange, openHttpConnection } from './http-client.ts';

/** What asking one request after the other brought. */
export interface Lap<Request> {
  /** Answers a second. */
  readonly rate: number;
  readonly answers: readonly { readonly request: Request; readonly latencyMs: number }[];
  /** How much of one core this process took, the asking side: near 1, it measures itself. */
  readonly clientCores: number;
}

export interface Asking<Request extends { readonly bytes: Buffer }> {
  readonly url: string;
  readonly connections: number;
  /** Each is asked once; when there are no more, the lap ends. */
  readonly requests: Iterable<Request>;
  /** @throws Error If an answer is not what was asked for: its time would be no figure. */
  check(exchange: Exchange, request: Request): void;
}

/** Keeps all connections busy, each with one request after the other. */
export async function askInClosedLoop<Request extends { readonly bytes: Buffer }>(
  asking: Asking<Request>,
): Promise<Lap<Request>> {
  const opening = Array.from({ length: asking.connections }, () => openHttpConnection(asking.url));
  const connections = await Promise.all(opening);
  const waiting = asking.requests[Symbol.iterator]();
  const answers: { request: Request; latencyMs: number }[] = [];
  const cpu = process.cpuUsage();
  const startedAt = performance.now();

  const running = connections.map(async (connection) => {
    for (let next = waiting.next(); !next.done; next = waiting.next()) {
      const request = next.value;
      const askedAt = performance.now();
      const exchange = await connection.exchange(request.bytes);
      answers.push({ request, latencyMs: performance.now() - askedAt });
      asking.check(exchange, request);
    }
  });
  try {
    await Promise.all(running);
  } finally {
    for (const connection of connections) connection.close();
  }
  const elapsedMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  const clientCores = (user + system) / 1_000 / elapsedMs;
  return { rate: (answers.length / elapsedMs) * 1_000, answers, clientCores };
}

/** One of these after the other, at random, until the time is over. */
export function* forSeconds<Request>(
  seconds: number,
  requests: readonly Request[],
): Generator<Request> {
  const endsAt = performance.now() + seconds * 1_000;
  while (performance.now() < endsAt) {
    const request = requests[Math.floor(Math.random() * requests.length)];
    if (request) yield request;
  }
}

export function latencyMs(
  answers: readonly { readonly latencyMs: number }[],
  share: number,
): number {
  return quantile(
    answers.map((answer) => answer.latencyMs),
    share,
  );
}
