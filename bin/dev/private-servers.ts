import { join } from 'node:path';

import { mysql } from './mysql-server.ts';
import { openPasswords } from './passwords.ts';
import { findRunning, startServer, stopServer, untilReady } from './private-server.ts';
import type { ServerRecord } from './private-server.ts';
import { provideBinaries } from './provide-binaries.ts';
import { cacheRedis, queueRedis } from './redis-server.ts';
import type { ServerKind } from './server-kind.ts';
import { openSocketFolder, removeSocketFolder } from './socket-folder.ts';

export const KINDS: readonly ServerKind[] = [mysql, queueRedis, cacheRedis];

export interface OpenedServer {
  readonly kind: ServerKind;
  readonly record: ServerRecord;
  readonly url: string;
  readonly startedNow: boolean;
}

/** Starts those of the wanted servers that do not run yet; resolves when all of them answer. */
export async function openPrivateServers(
  dir: string,
  kinds: readonly ServerKind[],
  options: { env: NodeJS.ProcessEnv; say(line: string): void },
): Promise<OpenedServer[]> {
  const running = new Map(await findAllRunning(dir));
  const toStart = kinds.filter((kind) => !running.has(kind));
  const binaries = await provideBinaries(new Set(toStart.map(({ program }) => program)), options);
  const passwords = await openPasswords(dir);
  const sockets = await openSocketFolder(dir);

  const open = async (kind: ServerKind): Promise<OpenedServer> => {
    const place = {
      binary: binaries.get(kind.program) ?? '', // Not needed by one that runs.
      folder: join(dir, kind.name),
      socket: join(sockets, `${kind.name}.sock`),
      passwords,
      env: options.env,
    };
    const old = running.get(kind);
    const record = await (old ? untilReady(kind, place, old) : startServer(kind, place));
    return { kind, record, url: kind.url(record.port, passwords[kind.name]), startedNow: !old };
  };
  return settleAll(kinds.map(open));
}

export async function findAllRunning(dir: string): Promise<[ServerKind, ServerRecord][]> {
  const found: [ServerKind, ServerRecord][] = [];
  for (const kind of KINDS) {
    const record = await findRunning(dir, kind.name);
    if (record) found.push([kind, record]);
  }
  return found;
}

/** Stops all that run, and returns them. Call it while holding the folder's lock. */
export async function stopPrivateServers(dir: string): Promise<[ServerKind, ServerRecord][]> {
  const running = await findAllRunning(dir);
  await settleAll(running.map(([, record]) => stopServer(record)));
  await removeSocketFolder(dir);
  return running;
}

/** Like Promise.all, but when it rejects nothing is under way any more. */
async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
