import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, BlockList, isIP } from 'node:net';
import { openDrain } from './drain.ts';

/** How long a caller may take to send its headers, and its whole request. */
export interface Patience {
  readonly headersMs: number;
  readonly requestMs: number;
}

export interface HttpServer {
  /** http://host:port */
  readonly url: string;
  /** Lets what is under way finish, and keeps nobody waiting who has nothing under way. */
  close(drainMsMax: number): Promise<void>;
}

/** Who is over time is ended by then: Node itself would look twice a minute only. */
const LOOK_FOR_SLOW_MS = 1_000;
/** Longer than proxies keep an idle connection: whoever sends on it must not find it closed. */
const KEEP_ALIVE_MS = 75_000;
const CONNECTIONS_MAX = 10_000;

/** @throws Error If the port is taken. */
export async function openHttpServer(
  at: { host: string; port: number },
  handle: RequestListener,
  patience: Patience,
): Promise<HttpServer> {
  const drain = openDrain();
  const bounds = {
    headersTimeout: patience.headersMs,
    requestTimeout: patience.requestMs,
    connectionsCheckingInterval: LOOK_FOR_SLOW_MS,
  };
  const server = createServer(bounds, (request, response) => {
    drain.watch(response);
    handle(request, response);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.maxConnections = CONNECTIONS_MAX;
  const url = await listen(server, at);
  return {
    url,
    async close(drainMsMax) {
      drain.begin();
      const closed = once(server, 'close');
      server.close(); // Takes no new connections, and ends those that idle.
      const late = setTimeout(() => server.closeAllConnections(), drainMsMax);
      await closed;
      clearTimeout(late);
    },
  };
}

/** Whether only this machine can reach what listens there. */
export function isLoopback(host: string): boolean {
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8);
  loopback.addAddress('::1', 'ipv6');
  if (isIP(host) === 0) return host === 'localhost';
  return loopback.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}

async function listen(server: Server, { host, port }: { host: string; port: number }) {
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (!isTaken) throw error;
    const sentence = `HTTP_PORT: port ${port} of ${host} is taken; choose another one`;
    throw new Error(sentence, { cause: error });
  }
  const { address, family, port: taken } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`;
}
