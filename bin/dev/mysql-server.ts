import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { createConnection } from 'mysql2/promise';
import { z } from 'zod';

import { openMysqlData } from './mysql-data.ts';
import type { Passwords } from './passwords.ts';
import type { Command, ServerKind, ServerPlace } from './server-kind.ts';

const ANSWER_MS_MAX = 2_000;

const SETTINGS = [
  // What the promises rest on.
  '--innodb-flush-log-at-trx-commit=1', // A commit is on disk before it is acknowledged.
  '--sync-binlog=1', // The same for the binary log, where the server writes one by default.
  '--sql-mode=STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,' +
    'NO_ENGINE_SUBSTITUTION', // Refuses what it would otherwise cut off or make up.
  '--character-set-server=utf8mb4', // Messages have emoji.
  '--default-time-zone=+00:00', // Every instant in the tables is UTC.
  // Sizes that a laptop bears and a bulk load does not wait for.
  '--innodb-buffer-pool-size=512M',
  '--max-connections=200',
  '--performance-schema=OFF', // On, it takes 200 MB.
  // Nobody else's business.
  '--bind-address=127.0.0.1',
  '--skip-name-resolve', // No name server is asked who 127.0.0.1 is.
];

/** The redo log has two names. Small, it stalls bulk loads; 512 MB holds minutes of them. */
const MARIADB_SETTINGS = ['--innodb-log-file-size=512M'];
const MYSQL_SETTINGS = [
  '--innodb-redo-log-capacity=512M',
  '--local-infile=ON', // As on MariaDB: `bench archive` measures a tool that loads its own files.
  '--mysqlx=OFF', // A second protocol, on a second port.
  '--secure-file-priv=NULL', // SQL reads and writes no files; distributions name a missing folder.
];

export const mysql: ServerKind = {
  name: 'mysql',
  urlVariable: 'MYSQL_URL',
  program: {
    label: 'MySQL or MariaDB',
    variable: 'MYSQLD',
    names: ['mysqld', 'mariadbd'],
    aptPackage: 'mariadb-server-core',
    brewPackage: 'mysql',
  },
  prepare,
  url: (port, password) => `mysql://camadas:${password}@127.0.0.1:${port}/camadas`,
  askVersion,
};

async function prepare(place: ServerPlace): Promise<Command> {
  const { binary, folder, env } = place;
  const { stdout } = await promisify(execFile)(binary, ['--no-defaults', '--version'], { env });
  const isMariaDb = stdout.includes('MariaDB');
  const user = process.getuid?.() === 0 ? ['--user=root'] : []; // Without it root is refused.
  const dataFolder = await openMysqlData({ binary, folder, env, isMariaDb, user });

  const accountsPath = join(folder, 'accounts.sql');
  await writeFile(accountsPath, accounts(place.passwords), { mode: 0o600 });
  const args = [
    '--no-defaults', // Must come first: no option file of this machine is read.
    ...user,
    `--datadir=${dataFolder}`,
    `--socket=${place.socket}`,
    `--pid-file=${join(folder, 'mysqld.pid')}`,
    `--tmpdir=${dataFolder}`, // A starting MariaDB clears temporary tables out of a shared one.
    `--init-file=${accountsPath}`,
    ...SETTINGS,
    ...(isMariaDb ? MARIADB_SETTINGS : MYSQL_SETTINGS),
  ];
  return { binary, argumentsWith: (port) => [...args, `--port=${port}`] };
}

/**
 * Run at each start, before anybody is let in, so that it repairs what an interrupted first start
 * left undone. One statement a line, as an init file wants them.
 */
function accounts({ mysql: password, 'mysql-root': rootPassword }: Passwords): string {
  const statements = [
    'SET sql_log_bin = 0', // The same at each start: no news for the binary log.
    'CREATE DATABASE IF NOT EXISTS camadas CHARACTER SET utf8mb4',
  ];
  for (const host of ['127.0.0.1', 'localhost']) {
    const user = `'camadas'@'${host}'`;
    statements.push(
      `CREATE USER IF NOT EXISTS ${user} IDENTIFIED BY '${password}'`,
      `ALTER USER ${user} IDENTIFIED BY '${password}'`,
      // Also the databases camadas_… that tests make for themselves.
      `GRANT ALL PRIVILEGES ON \`camadas%\`.* TO ${user}`,
    );
  }
  statements.push(`ALTER USER 'root'@'localhost' IDENTIFIED BY '${rootPassword}'`);
  return statements.map((statement) => `${statement};\n`).join('');
}

const VersionRows = z.tuple([z.object({ version: z.string() })]);

async function askVersion(url: string): Promise<string> {
  const connection = await createConnection({ uri: url, connectTimeout: ANSWER_MS_MAX });
  try {
    const [rows] = await connection.query('SELECT VERSION() AS version');
    return VersionRows.parse(rows)[0].version;
  } finally {
    await connection.end();
  }
}
