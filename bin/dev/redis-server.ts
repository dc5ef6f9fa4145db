import { rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { Redis } from 'ioredis';

import type { Program } from './find-binary.ts';
import type { Command, ServerKind, ServerPlace } from './server-kind.ts';

const ANSWER_MS_MAX = 2_000;

// Debian's redis-tools has the server under its other name: the program looks at the name it was
// called by. The package redis-server adds a symbolic link and a system service, and we want none.
const PROGRAM: Program = {
  label: 'Redis or Valkey',
  variable: 'REDIS_SERVER',
  names: ['redis-server', 'valkey-server', 'redis-check-rdb', 'valkey-check-rdb'],
  aptPackage: 'redis-tools',
  brewPackage: 'redis',
};

/** Jobs live here: nothing acknowledged may be lost, and nothing may be evicted. */
const QUEUE_SETTINGS = [
  'maxmemory-policy noeviction', // BullMQ breaks if any of its keys goes missing.
  'appendonly yes',
  'appendfsync always', // A job that was accepted survives kill -9 and a power cut.
  'no-appendfsync-on-rewrite no', // Also while the log is rewritten. The default, but it matters.
  'save ""', // The log holds everything: snapshots would only cost.
];

/** A cache: bounded, and empty after a restart. */
const CACHE_SETTINGS = [
  'maxmemory 256mb',
  'maxmemory-policy allkeys-lru',
  'appendonly no',
  'save ""',
];

const redisUrl = (port: number, password: string) => `redis://:${password}@127.0.0.1:${port}`;

export const queueRedis: ServerKind = {
  name: 'queue-redis',
  urlVariable: 'QUEUE_REDIS_URL',
  program: PROGRAM,
  prepare: (place) => prepare(place, place.passwords['queue-redis'], QUEUE_SETTINGS),
  url: redisUrl,
  askVersion,
};

export const cacheRedis: ServerKind = {
  name: 'cache-redis',
  urlVariable: 'CACHE_REDIS_URL',
  program: PROGRAM,
  prepare: (place) => prepare(place, place.passwords['cache-redis'], CACHE_SETTINGS),
  url: redisUrl,
  askVersion,
};

async function prepare(
  place: ServerPlace,
  password: string,
  settings: readonly string[],
): Promise<Command> {
  const path = join(place.folder, 'redis.conf');
  const lines = [
    'bind 127.0.0.1',
    'protected-mode yes',
    `unixsocket ${JSON.stringify(place.socket)}`,
    'unixsocketperm 700',
    `dir ${JSON.stringify(place.folder)}`,
    `requirepass ${password}`, // In a file, since everybody can read the command line.
    'daemonize no',
    ...settings,
  ];
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600 });
  const binary = await underItsOwnName(place);
  return { binary, argumentsWith: (port) => [path, '--port', String(port)] };
}

/** The path by which the program runs as a server. */
async function underItsOwnName({ binary, folder }: ServerPlace): Promise<string> {
  const name = basename(binary);
  if (!name.endsWith('-check-rdb')) return binary;
  const link = join(folder, name.replace('-check-rdb', '-server'));
  await rm(link, { force: true });
  await symlink(binary, link);
  return link;
}

async function askVersion(url: string): Promise<string> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: ANSWER_MS_MAX,
    commandTimeout: ANSWER_MS_MAX,
    retryStrategy: () => null,
  });
  client.on('error', () => {}); // connect() rejects with it.
  try {
    await client.connect();
    await client.ping(); // Refused while it still loads its data.
    const info = await client.info('server');
    const valkey = /^valkey_version:(\S+)/m.exec(info)?.[1];
    return valkey ? `${valkey}-Valkey` : (/^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown');
  } finally {
    client.disconnect();
  }
}
