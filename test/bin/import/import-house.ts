import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { migrateMessages } from '../../../bin/commands/migrate-messages.ts';
import { openTestHouse } from '../../house.ts';

export type ImportHouse = Awaited<ReturnType<typeof openImportHouse>>;

/** Ages as they are in production: a day hot, thirty days warm. */
const AGES = { HOT_HOURS: '24', WARM_DAYS: '30' };

/** An installation with an archive, a folder for files, and the command as one would call it. */
export async function openImportHouse() {
  const folder = await mkdtemp(join(tmpdir(), 'camadas-import-'));
  const archive = { ARCHIVE_URL: pathToFileURL(join(folder, 'archive')).href };
  const house = await openTestHouse({ ...AGES, ...archive });
  const { config } = house;
  const env = {
    ...AGES,
    ...archive,
    MYSQL_URL: config.mysqlUrl,
    QUEUE_REDIS_URL: config.queueRedisUrl,
    CACHE_REDIS_URL: config.cacheRedisUrl,
    KEY_PREFIX: config.keyPrefix,
    ADMIN_PASSWORD: 'of no use in this test',
  };

  return {
    ...house,
    folder,
    env,
    async write(name: string, contents: string | Buffer): Promise<string> {
      const file = join(folder, name);
      await writeFile(file, contents);
      return file;
    },
    /** What the command printed and said, and its exit status. */
    async run(...args: string[]) {
      const [printed, said] = [[] as string[], [] as string[]];
      const status = await migrateMessages.run(args, {
        env,
        home: folder,
        print: (line) => void printed.push(line),
        say: (line) => void said.push(line),
        signal: new AbortController().signal,
      });
      return { status, printed: printed.join('\n'), said: said.join('\n') };
    },
    async close() {
      await house.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const DAY_MS = 86_400_000;
/** As many days ago, in milliseconds since 1970. */
export const daysAgo = (days: number) => Date.now() - days * DAY_MS;

/** As JSON Lines. */
export function jsonLines(records: readonly unknown[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}
