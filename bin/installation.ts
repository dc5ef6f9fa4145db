import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Config, readConfig } from '../config.ts';
import { openWiring, type Wiring } from '../wiring.ts';
import type { Context } from './command.ts';
import { openServers, type Servers } from './dev/servers.ts';
import { findFreePort } from './dev/free-port.ts';
import { keptPassword } from './kept-secret.ts';
import { type Processes, type ProcessesOptions, startProcesses } from './processes.ts';

/** The servers of this checkout, or those the environment names, and a way into them. */
export interface Installation {
  readonly env: NodeJS.ProcessEnv;
  readonly config: Config;
  readonly servers: Servers;
  readonly wiring: Wiring;
  /** Where secrets of this checkout are kept. */
  readonly dir: string;
  /** Starts Fleet processes that end with this installation. */
  startFleet(options: { processes: number; isQuiet: boolean }): Promise<Processes>;
  /** Starts a Fleet only if none is running. */
  ensureFleet(): Promise<void>;
  /** Starts an HTTP process that ends with this installation. */
  startHttp(options: { isQuiet: boolean }): Promise<{ url: string }>;
  close(): Promise<void>;
}

/**
 * Where the cold tier lies. A folder of this checkout goes with its private MySQL only: whoever else
 * uses another one would miss what was moved there, so Messages stay warm until all are told of a place.
 */
export function archiveUrlOf({ env, home }: Pick<Context, 'env' | 'home'>): string | undefined {
  const { ARCHIVE_URL, MYSQL_URL } = env;
  if (ARCHIVE_URL !== undefined || MYSQL_URL) return ARCHIVE_URL;
  return pathToFileURL(join(home, '.camadas', 'archive')).href;
}

/** Opens it for the time of one command. Servers that others still use stay when it closes. */
export async function openInstallation(context: Context): Promise<Installation> {
  const dir = join(context.home, '.camadas');
  const { env: given, say } = context;
  const servers = await openServers({ dir: join(dir, 'servers'), env: given, say, keepData: true });
  const env = {
    ...given,
    MYSQL_URL: servers.mysqlUrl,
    QUEUE_REDIS_URL: servers.queueRedisUrl,
    CACHE_REDIS_URL: servers.cacheRedisUrl,
    ARCHIVE_URL: archiveUrlOf(context),
    ADMIN_PASSWORD: given['ADMIN_PASSWORD'] ?? (await keptPassword(dir, 'admin-password')),
  };
  const config = readConfig(env);
  const wiring = openWiring(config);
  const started: Processes[] = [];

  async function start(
    what: { entry: ProcessesOptions['entry']; count: number; env: NodeJS.ProcessEnv },
    { isQuiet, logName }: { isQuiet: boolean; logName: string },
  ): Promise<Processes> {
    const logFile = join(dir, logName);
    // Not before: in a container, where the servers have names, nothing can be written here.
    if (isQuiet) mkdirSync(dir, { recursive: true });
    const logTo = isQuiet ? openSync(logFile, 'a') : 'inherit';
    try {
      const processes = await startProcesses({ ...what, logTo, say });
      started.push(processes);
      return processes;
    } catch (error) {
      if (!isQuiet) throw error;
      throw new Error(`${what.entry} did not start; ${logFile} says why`, { cause: error });
    } finally {
      if (logTo !== 'inherit') closeSync(logTo);
    }
  }

  function startFleet({ processes: count, isQuiet }: { processes: number; isQuiet: boolean }) {
    const what = { entry: 'workers/main.ts', count, env } as const;
    return start(what, { isQuiet, logName: 'fleet.log' });
  }

  return {
    env,
    config,
    servers,
    wiring,
    dir,
    startFleet,
    async ensureFleet() {
      const running = await wiring.queue.inspector.heartbeats();
      if (running.length === 0) await startFleet({ processes: 1, isQuiet: true });
    },
    async startHttp({ isQuiet }) {
      // A port that was asked for must be free; of our own choice, the next best will do.
      const isGiven = given['HTTP_PORT'] !== undefined;
      const port = isGiven ? config.httpPort : await findFreePort(config.httpPort);
      const what = {
        entry: 'dashboard/main.ts',
        count: 1,
        env: { ...env, HTTP_PORT: String(port) },
      } as const;
      await start(what, { isQuiet, logName: 'http.log' });
      return { url: `http://${isGiven ? config.httpHost : '127.0.0.1'}:${port}` };
    },
    async close() {
      for (const processes of started.toReversed()) await processes.stop();
      await wiring.close();
      await servers.release();
    },
  };
}

/** Opens an installation, and closes it whatever happens meanwhile. */
export async function withInstallation<Result>(
  context: Context,
  work: (installation: Installation) => Promise<Result>,
): Promise<Result> {
  const installation = await openInstallation(context);
  try {
    return await work(installation);
  } finally {
    await installation.close();
  }
}
