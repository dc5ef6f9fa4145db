import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { Program } from '../../../bin/dev/find-binary.ts';
import { provideBinaries } from '../../../bin/dev/provide-binaries.ts';
import { makeFolder } from './test-folder.ts';

const PROGRAM: Program = {
  label: 'Redis or Valkey',
  variable: 'REDIS_SERVER',
  names: ['redis-server', 'redis-check-rdb'],
  aptPackage: 'redis-tools',
  brewPackage: 'redis',
};
const OTHER: Program = {
  label: 'MySQL or MariaDB',
  variable: 'MYSQLD',
  names: ['mysqld'],
  aptPackage: 'mariadb-server-core',
  brewPackage: 'mysql',
};

describe('provideBinaries', () => {
  it('tells three ways out when nothing is found and nothing can be installed', async () => {
    const options = {
      env: { PATH: await makeFolder() },
      say: (line: string) => expect.fail(line),
      places: [],
    };
    const providing = provideBinaries([OTHER, PROGRAM], options);
    await expect(providing).rejects.toThrow(
      'no MySQL or MariaDB server and no Redis or Valkey server found on this machine. ' +
        'Start them with Docker Compose (docker compose up -d), ' +
        'or install them (apt install mariadb-server-core redis-tools; brew install mysql redis), ' +
        'or name running ones in MYSQL_URL, QUEUE_REDIS_URL and CACHE_REDIS_URL.',
    );
  });

  it('takes what the variable names before anything else', async () => {
    const folder = await makeFolder();
    const env = { PATH: folder, REDIS_SERVER: await makeProgram(folder, 'mine') };
    await makeProgram(folder, 'redis-server');
    expect(await provide(env)).toBe(join(folder, 'mine'));
  });

  it('refuses a variable that names no program', async () => {
    const env = { PATH: await makeFolder(), REDIS_SERVER: '/nowhere/redis-server' };
    await expect(provide(env)).rejects.toThrow('REDIS_SERVER=/nowhere/redis-server is not');
  });

  it('prefers the first name, wherever it is', async () => {
    const folder = await makeFolder();
    await makeProgram(join(folder, 'bin'), 'redis-check-rdb');
    const server = await makeProgram(join(folder, 'opt', 'redis', 'bin'), 'redis-server');
    expect(await provide({ PATH: join(folder, 'bin') }, [join(folder, 'opt/*/bin')])).toBe(server);
  });

  it('installs with apt-get what is missing, and says so in one line', async () => {
    const folder = await makeFolder();
    // An apt-get that, asked to install, puts the program there, but only after an update.
    await makeProgram(
      folder,
      'apt-get',
      `case "$*" in *update*) echo >"${folder}/updated" ;;
       *--no-install-recommends*redis-tools) [ -e "${folder}/updated" ] || exit 100
         printf '#!/bin/sh' >"${folder}/redis-server"; /bin/chmod 755 "${folder}/redis-server" ;;
       esac`,
    );
    // Not root, on most machines: then by a sudo that asks for nothing.
    await makeProgram(folder, 'sudo', 'shift; exec "$@"');
    await symlink('/bin/true', join(folder, 'true'));
    const said: string[] = [];
    const options = { env: { PATH: folder }, say: (line: string) => said.push(line), places: [] };
    const found = await provideBinaries([PROGRAM], options);
    expect(found.get(PROGRAM)).toBe(join(folder, 'redis-server'));
    expect(said).toEqual([
      'installing redis-tools with apt-get (programs only, no system service)',
    ]);
  });
});

async function provide(env: NodeJS.ProcessEnv, places: readonly string[] = []) {
  return (
    await provideBinaries([PROGRAM], { env, say: (line: string) => expect.fail(line), places })
  ).get(PROGRAM);
}

async function makeProgram(folder: string, name: string, script = 'exit 0'): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}
