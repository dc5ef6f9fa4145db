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

/** In the order in which they are run. */
const SCRIPTS = ['system_tables', 'performance_tables', 'system_tables_data'];
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
  const scripts = await readMariaDbScripts(program);
  // Otherwise root gets several entries without a password, not only the one we give one to.
  const begin = "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket = 'root';\n";
  // The tables are made with whatever engine they ask for, and one script has long statements.
  // A starting MariaDB clears temporary tables out of a shared folder: ours would be among them.
  const own = [`--datadir=${data}`, `--tmpdir=${data}`];
  const args = ['--bootstrap', ...own, '--enforce-storage-engine='];
  await run(program, [...args, '--max-allowed-packet=8M'], begin + scripts.join('\n'));
}

/** The server's own scripts lie beside its messages, and are called mariadb_… since 11. */
async function readMariaDbScripts({ binary, env }: MysqlProgram): Promise<string[]> {
  const told = await promisify(execFile)(binary, ['--no-defaults', '--verbose', '--help'], {
    env,
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  const messages = /^lc-messages-dir\s+(\/.*)$/m.exec(told.stdout)?.[1];
  const prefix = dirname(dirname(await realpath(binary)));
  const folders = [join(prefix, 'share/mariadb'), join(prefix, 'share/mysql')];
  if (messages) folders.unshift(messages);
  for (const folder of folders) {
    for (const family of ['mariadb', 'mysql']) {
      const paths = SCRIPTS.map((name) => join(folder, `${family}_${name}.sql`));
      const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8'))).catch(
        () => null,
      );
      if (texts) return texts;
    }
  }
  throw new Error(`${binary} has no system tables: none of its scripts in ${folders.join(', ')}`);
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
