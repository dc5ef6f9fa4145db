import { access, rm } from 'node:fs/promises';
import { resolve } from 'node:path';

import { withLock } from './lock.ts';
import type { FolderLock } from './lock.ts';
import {
  findAllRunning,
  KINDS,
  openPrivateServers,
  stopPrivateServers,
} from './private-servers.ts';
import { describeNamed, describePrivate } from './server-info.ts';
import type { ServerInfo } from './server-info.ts';
import type { ServerName } from './server-kind.ts';
import { addUser, hasUsers, userPath } from './users.ts';

export interface ServersOptions {
  /** Where private servers keep data, logs and passwords. Whoever names the same folder shares them. */
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  /** Told, in one line, what takes long or changes the machine. */
  say(line: string): void;
  /** Whether `dir` stays when its last user has gone. */
  readonly keepData: boolean;
}

export interface Servers {
  /** mysql://user:password@127.0.0.1:port/camadas */
  readonly mysqlUrl: string;
  /** redis://:password@127.0.0.1:port */
  readonly queueRedisUrl: string;
  readonly cacheRedisUrl: string;
  readonly running: readonly ServerInfo[];
  /** Lets go of the servers; the last user of a private server stops it. */
  release(): Promise<void>;
}

type Urls = Partial<Record<ServerName, string>>;

/** Real servers to work with: those the environment names, and private ones for the rest. */
export async function openServers(options: ServersOptions): Promise<Servers> {
  const dir = resolve(options.dir);
  const urls: Urls = {};
  const infos: ServerInfo[] = [];
  for (const kind of KINDS) {
    const url = options.env[kind.urlVariable];
    if (!url) continue;
    urls[kind.name] = url;
    infos.push(describeNamed(kind, url));
  }
  const kinds = KINDS.filter((kind) => urls[kind.name] === undefined);
  if (kinds.length === 0) return toServers(urls, infos, async () => {});

  const user = userPath(dir);
  // Before we wait, so that whoever goes meanwhile leaves the servers running for us. In vain if the
  // folder is deleted at this moment: therefore once more below.
  await addUser(user).catch(() => {});
  return withLock(dir, async (lock) => {
    try {
      await addUser(user);
      for (const opened of await openPrivateServers(dir, kinds, options)) {
        urls[opened.kind.name] = opened.url;
        infos.push(describePrivate(opened.kind, opened.record, opened.startedNow));
      }
    } catch (error) {
      await leave(dir, { user, lock, keepData: true });
      throw error;
    }
    const { keepData } = options;
    return toServers(urls, infos, () =>
      withLock(dir, (held) => leave(dir, { user, lock: held, keepData })),
    );
  });
}

/** The private servers of this folder that run now. */
export async function serversStatus(dir: string): Promise<ServerInfo[]> {
  const running = await findAllRunning(resolve(dir));
  return running.map(([kind, record]) => describePrivate(kind, record, false));
}

/** Stops the private servers of this folder, whoever uses them; returns those that ran. */
export async function stopServers(dir: string): Promise<ServerInfo[]> {
  const folder = resolve(dir);
  if (!(await exists(folder))) return [];
  const stopped = await withLock(folder, () => stopPrivateServers(folder));
  return stopped.map(([kind, record]) => describePrivate(kind, record, false));
}

async function leave(
  dir: string,
  { user, lock, keepData }: { user: string; lock: FolderLock; keepData: boolean },
): Promise<void> {
  await rm(user, { force: true });
  if (await hasUsers(dir)) return;
  await stopPrivateServers(dir);
  if (!keepData) await lock.deleteFolder();
}

function toServers(urls: Urls, running: readonly ServerInfo[], leaving: () => Promise<void>) {
  let released: Promise<void> | undefined;
  const urlOf = (name: ServerName): string => {
    const url = urls[name];
    if (url === undefined) throw new Error(`${name} was not opened`);
    return url;
  };
  return {
    mysqlUrl: urlOf('mysql'),
    queueRedisUrl: urlOf('queue-redis'),
    cacheRedisUrl: urlOf('cache-redis'),
    running,
    release: () => (released ??= leaving()), // Once, however often it is asked for.
  };
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
