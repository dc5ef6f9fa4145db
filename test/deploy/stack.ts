import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { writeJson } from '../../bin/dev/json-file.ts';
import { mysql } from '../../bin/dev/mysql-server.ts';
import { type OpenedServer, openPrivateServers } from '../../bin/dev/private-servers.ts';
import { stopServer } from '../../bin/dev/private-server.ts';
import { cacheRedis, queueRedis } from '../../bin/dev/redis-server.ts';
import type { Command, ServerKind, ServerPlace } from '../../bin/dev/server-kind.ts';
import { removeSocketFolder } from '../../bin/dev/socket-folder.ts';
import { newFolderPath } from '../bin/dev/test-folder.ts';
import { readServices, SECRETS_OF_TESTS } from './compose-file.ts';

export type Stack = Awaited<ReturnType<typeof openStack>>;

const services = readServices(SECRETS_OF_TESTS);
const passwords = {
  mysql: SECRETS_OF_TESTS.MYSQL_PASSWORD,
  'mysql-root': 'rootOfATest',
  'queue-redis': SECRETS_OF_TESTS.QUEUE_REDIS_PASSWORD,
  'cache-redis': SECRETS_OF_TESTS.CACHE_REDIS_PASSWORD,
};

/** MariaDB has no such settings: its redo log is set by another name, and it has no second protocol. */
const MYSQL_ALONE = /^--(innodb-redo-log-capacity|mysqlx)=/;

/**
 * The servers of docker-compose.yml without containers: each with its very command line, but for the
 * place (port, folder), which in a container is its own.
 */
export async function openStack() {
  const dir = newFolderPath();
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await writeJson(join(dir, 'passwords.json'), passwords);
  const opened: OpenedServer[] = [];
  for (const [kind, env] of kindsOfCompose(dir)) {
    opened.push(...(await openPrivateServers(dir, [kind], { env, say: () => {} })));
  }

  const urlOf = (name: string): URL => {
    const server = opened.find(({ kind }) => kind.name === name);
    return new URL(server?.url ?? '');
  };
  return {
    mysqlUrl: urlOf('mysql').href,
    queueRedisUrl: urlOf('queue-redis').href,
    cacheRedisUrl: urlOf('cache-redis').href,
    pidOf: (name: string) => opened.find(({ kind }) => kind.name === name)?.record.pid ?? 0,
    /** A container's environment, where `mysql:3306` leads to the real port. */
    environmentOf(name: string): Record<string, string> {
      const environment = services[name]?.environment ?? {};
      return Object.fromEntries(
        Object.entries(environment).map(([variable, value]) => [
          variable,
          value.replace(/@([\w-]+):\d+/, (_all, host: string) => `@${urlOf(host).host}`),
        ]),
      );
    },
    async close(): Promise<void> {
      await Promise.all(opened.map(({ record }) => stopServer(record)));
      await removeSocketFolder(dir);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function kindsOfCompose(dir: string): [ServerKind, NodeJS.ProcessEnv][] {
  return [
    [{ ...mysql, prepare: prepareMysql }, process.env],
    ...[queueRedis, cacheRedis].map((kind): [ServerKind, NodeJS.ProcessEnv] => {
      const programs = join(dir, `${kind.name}-programs`);
      const PATH = `${programs}${delimiter}${process.env['PATH']}`;
      const prepare = (place: ServerPlace) => prepareRedis(kind, place, programs);
      const { environment } = services[kind.name] ?? {};
      return [
        { ...kind, prepare },
        { ...process.env, ...environment, PATH },
      ];
    }),
  ];
}

/** What is said last counts: only what Compose leaves out is as in any private server. */
async function prepareMysql(place: ServerPlace): Promise<Command> {
  const { binary, argumentsWith } = await mysql.prepare(place);
  const isMariaDb = argumentsWith(0).some((argument) => argument.includes('data-mariadb'));
  const wanted = services['mysql']?.command ?? [];
  const known = isMariaDb ? wanted.filter((argument) => !MYSQL_ALONE.test(argument)) : wanted;
  return { binary, argumentsWith: (port) => [...argumentsWith(port), ...known] };
}

/** `sh -c …` as it stands, in which `redis-server` and `redis-cli` are told the port as well. */
async function prepareRedis(
  kind: ServerKind,
  place: ServerPlace,
  programs: string,
): Promise<Command> {
  const { binary } = await kind.prepare(place);
  const [shell = '', ...args] = services[kind.name]?.command ?? [];
  const argumentsWith = (port: number) => {
    mkdirSync(programs, { recursive: true });
    writeProgram(
      join(programs, 'redis-server'),
      `"${binary}" "$@" --port ${port} --bind 127.0.0.1`,
    );
    return args;
  };
  return { binary: `/bin/${shell}`, argumentsWith };
}

function writeProgram(path: string, line: string): void {
  writeFileSync(path, `#!/bin/sh\nexec ${line}\n`);
  chmodSync(path, 0o700);
}
