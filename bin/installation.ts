import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, readConfig } from '../config.ts';
import { openWiring, type Wiring } from '../wiring.ts';
import type { Context } from './command.ts';
import { openServers, type Servers } from './dev/servers.ts';
import { type FleetProcesses, startFleetProcesses } from './fleet-processes.ts';

/** The servers of this checkout, or those the environment names, and a way into them. */
export interface Installation {
  readonly env: NodeJS.ProcessEnv;
  readonly config: Config;
  readonly servers: Servers;
  readonly wiring: Wiring;
  /** Starts Fleet processes that end with this installation. */
  startFleet(options: { processes: number; isQuiet: boolean }): Promise<FleetProcesses>;
  /** Starts a Fleet only if none is running. */
  ensureFleet(): Promise<void>;
  close(): Promise<void>;
}

/** Opens it for the time of one command. Servers that others still use stay when it closes. */
export async function openInstallation(context: Context): Promise<Installation> {
  const dir = join(context.home, '.camadas');
  mkdirSync(dir, { recursive: true });
  const { env: given, say } = context;
  const servers = await openServers({ dir: join(dir, 'servers'), env: given, say, keepData: true });
  const env = {
    ...given,
    MYSQL_URL: servers.mysqlUrl,
    QUEUE_REDIS_URL: servers.queueRedisUrl,
    CACHE_REDIS_URL: servers.cacheRedisUrl,
  };
  const config = readConfig(env);
  const wiring = openWiring(config);
  const fleets: FleetProcesses[] = [];
  const logFile = join(dir, 'fleet.log');

  async function startFleet({ processes, isQuiet }: { processes: number; isQuiet: boolean }) {
    const log = isQuiet ? openSync(logFile, 'a') : 'inherit';
    try {
      const fleet = await startFleetProcesses({ env, processes, logTo: log, say });
      fleets.push(fleet);
      return fleet;
    } catch (error) {
      if (!isQuiet) throw error;
      throw new Error(`the fleet did not start; ${logFile} says why`, { cause: error });
    } finally {
      if (log !== 'inherit') closeSync(log);
    }
  }

  return {
    env,
    config,
    servers,
    wiring,
    startFleet,
    async ensureFleet() {
      const running = await wiring.queue.inspector.heartbeats();
      if (running.length === 0) await startFleet({ processes: 1, isQuiet: true });
    },
    async close() {
      for (const fleet of fleets) await fleet.stop();
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
