import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection, type RowDataPacket } from 'mysql2/promise';

const run = promisify(execFile);
const RUN_MS_MAX = 600_000;
/** MySQL's name for UTF-8 with emoji is not Perl's, and --bulk-insert writes its file by that name. */
const PERL_KNOWS_UTF8MB4 = `package Utf8mb4;
use Encode::Alias;
define_alias('utf8mb4' => 'UTF-8');
1;
`;

export type PtArchiver = Awaited<ReturnType<typeof openPtArchiver>>;

/**
 * pt-archiver of percona-toolkit, moving all of `flat_messages` into a compressed table of the same
 * shape, as fast as its manual says it can: bulk insert and delete, a commit for each chunk.
 *
 * @throws Error If it is not installed.
 */
export async function openPtArchiver(mysqlUrl: string) {
  await run('pt-archiver', ['--version']).catch(() => {
    throw new Error('pt-archiver is needed for this: apt install percona-toolkit');
  });
  const connection = await createConnection(mysqlUrl);
  await connection.query('create table flat_archive like flat_messages');
  await connection.query('alter table flat_archive row_format = compressed key_block_size = 8');
  const [[server]] = await connection.query<RowDataPacket[]>('select @@local_infile as mayLoad');
  // Without --bulk-insert, which sends rows that way, it would be slower than it need be.
  if (server?.['mayLoad'] !== 1) throw new Error('turn on local_infile: pt-archiver needs it');
  const { hostname: h, port: P, username: u, password: p, pathname } = new URL(mysqlUrl);
  const dsn = (table: string) =>
    Object.entries({ h, P, u, p: decodeURIComponent(p), D: pathname.slice(1), t: table, L: 1 })
      .map(([name, value]) => `${name}=${value}`)
      .join(',');

  const argumentsFor = (limit: number) => [
    `--source=${dsn('flat_messages')}`,
    `--dest=${dsn('flat_archive')}`,
    '--where=1=1',
    `--limit=${limit}`,
    '--commit-each',
    '--bulk-delete',
    '--bulk-insert',
    '--charset=utf8mb4',
    '--no-check-charset',
    '--no-version-check',
    '--no-safe-auto-increment',
  ];

  const folder = await mkdtemp(join(tmpdir(), 'camadas-pt-archiver-'));
  await writeFile(join(folder, 'Utf8mb4.pm'), PERL_KNOWS_UTF8MB4);
  const env = { ...process.env, PERL5LIB: folder, PERL5OPT: '-MUtf8mb4' };

  return {
    /** Moves what is there. @param limit Rows of a chunk. */
    async run(limit: number): Promise<{ rowsPerSecond: number }> {
      const [rows] = await connection.query('select count(*) as messages from flat_messages');
      const [{ messages } = { messages: 0 }] = rows as { messages: number }[];
      const startedAt = performance.now();
      await run('pt-archiver', argumentsFor(limit), { timeout: RUN_MS_MAX, env });
      const seconds = (performance.now() - startedAt) / 1_000;
      await connection.query('truncate table flat_archive');
      return { rowsPerSecond: messages / seconds };
    },
    async close() {
      await connection.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
