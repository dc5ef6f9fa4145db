import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, readdir, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';

interface MysqlProgram {
  readonly binary: string;
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly isMariaDb: boolean;
  /** Arguments that name the system's user to run as. */
  readonly user: readonly string[];
}

const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;

/**
 * The folder of the server's data, initialised when first asked for: with root@localhost, whose
 * password is yet to be set, and nobody else.
 * MySQL and MariaDB cannot read each other's data, so each has its own.
 */
export async function openMysqlData(program: MysqlProgram): Promise<string> {
  const data = join(program.folder, program.isMariaDb ? 'data-mariadb' : 'data-mysql');
  await removeUnfinished(program.folder);
  if (await exists(data)) return data;
  // Made under another name: what has the final name is complete, whoever was killed on the way.
  const unfinished = await mkdtemp(join(program.folder, 'unfinished-'));
  await (program.isMariaDb ? initialiseMariaDb : initialiseMysql)(program, unfinished);
  await rename(unfinished, data);
  return data;
}

function initialiseMysql(program: MysqlProgram, data: string): Promise<void> {
  return run(program, ['--initialize-insecure', `--datadir=${data}`, '--skip-log-bin']);
}

/** What mariadb-install-db does, which needs programs of the client's package besides. */
async function initialiseMariaDb(program: MysqlProgram, data: string): Promise<void> {
  const share = await findMariaDbShare(program);
  const files = ['mysql_system_tables', 'mysql_performance_tables', 'mysql_system_tables_data'];
  const scripts = await Promise.all(
    files.map((name) => readFile(join(share, `${name}.sql`), 'utf8')),
  );
  // Otherwise root gets several entries without a password, not only the one we give one to.
  const begin = "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket = 'root';\n";
  // The tables are made with whatever engine they ask for, and one script has long statements.
  const args = ['--bootstrap', `--datadir=${data}`, '--enforce-storage-engine='];
  await run(program, [...args, '--max-allowed-packet=8M'], begin + scripts.join('\n'));
}

/** The folder of the server's own SQL scripts: beside its messages, or where packages put it. */
async function findMariaDbShare({ binary, env }: MysqlProgram): Promise<string> {
  const options = { env, maxBuffer: OUTPUT_BYTES_MAX };
  const { stdout } = await promisify(execFile)(
    binary,
    ['--no-defaults', '--verbose', '--help'],
    options,
  );
  const told = /^lc-messages-dir\s+(\/.*)$/m.exec(stdout)?.[1];
  const prefix = dirname(dirname(await realpath(binary)));
  const guesses = [join(prefix, 'share/mariadb'), join(prefix, 'share/mysql')];
  for (const folder of told ? [told, ...guesses] : guesses) {
    if (await exists(join(folder, 'mysql_system_tables.sql'))) return folder;
  }
  throw new Error(`mysql_system_tables.sql, which belongs to ${binary}, was not found`);
}

async function run(program: MysqlProgram, args: readonly string[], input = ''): Promise<void> {
  const child = spawn(program.binary, ['--no-defaults', ...program.user, ...args], {
    cwd: program.folder,
    env: program.env,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  child.stdin.on('error', () => {}); // It died early: what it said is told below.
  child.stdin.end(input);
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  if (code !== 0) throw new Error(`${program.binary} could not make its data:\n${said.trim()}`);
}

async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith('unfinished-')) continue;
    await rm(join(folder, name), { recursive: true, force: true, maxRetries: 3 });
  }
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
