import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { type Logger, pino } from 'pino';
import { awaitServers } from './await-servers.ts';
import { type Config, readConfig } from './config.ts';
import { untilReady } from './queues/connection.ts';
import type { Wiring } from './wiring.ts';

/** What a process runs: the Fleet's processors, or the HTTP server. */
export interface Running {
  /** Finishes what is under way, within the configured time, and closes everything. */
  stop(): Promise<void>;
}

/** Longer than any of our processes takes to close: should it hang all the same, it still ends. */
const CLOSE_MS_MAX = 5_000;

/**
 * How far the old generation may outgrow what lives in it before all of it is collected. Left to
 * itself V8 lets it grow by little while pages come and go, and collects without end, and by a lot
 * under load (docs/decisions/0014-http.md).
 */
const HEAP_GROWTH_PERCENT = 100;

/**
 * The frame of every process: reads the settings, starts, and drains at SIGTERM and SIGINT; a second
 * signal ends it at once.
 */
export async function runProcess(
  env: NodeJS.ProcessEnv,
  start: (config: Config, log: Logger) => Promise<Running>,
): Promise<void> {
  const config = readConfigOrExit(env);
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  const log = pino({ level: config.logLevel });
  let running: Running | undefined;
  let isStopping = false;

  async function stop(): Promise<void> {
    // Not running yet, so it holds nothing; or told twice.
    if (!running || isStopping) process.exit(1);
    isStopping = true;
    setTimeout(() => process.exit(1), config.drainMsMax + CLOSE_MS_MAX).unref();
    await running.stop();
    process.exit(0);
  }

  // From the first moment: as process 1 of a container, one without a handler ignores signals.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
  // Whoever started this process and talks to it has died: nobody is left to tell it to end.
  process.once('disconnect', () => void stop());

  try {
    running = await start(config, log);
    process.send?.('ready');
  } catch (error) {
    log.fatal(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}

/**
 * Waits for the servers, checks what promises rest on, and brings the schema up to date.
 *
 * @throws Error If a server stays away, or is set to break a promise and `ALLOW_UNSAFE` is not set.
 */
export async function prepareServers(wiring: Wiring, config: Config, log: Logger): Promise<void> {
  const { mysqlUrl, queueRedisUrl, isUnsafeAllowed } = config;
  const untilRedisIsReady = () => untilReady(wiring.queue.connection);
  const servers = { mysqlUrl, queueRedisUrl, untilRedisIsReady, check: wiring.check };
  const findings = await awaitServers(servers, (sentence) => log.warn(sentence));
  for (const { sentence } of findings) log.warn(sentence);
  const broken = findings.filter((finding) => finding.severity === 'broken');
  if (broken.length > 0 && !isUnsafeAllowed) {
    throw new Error(broken.map((finding) => finding.sentence).join('\n'));
  }
  for (const name of await wiring.migrate()) log.info({ name }, 'migrated');
  for (const { sentence } of await wiring.checkTables()) log.warn(sentence);
}

const WIRING_CLOSE_MS_MAX = 3_000;

/** Connections to a server that hangs never close; whoever waits for us would have to kill us. */
export async function closeInTime(wiring: Wiring): Promise<void> {
  const over = new AbortController();
  const tooLate = pause(WIRING_CLOSE_MS_MAX, undefined, { signal: over.signal }).catch(() => {});
  // Nor is it a fault any more if one breaks while it is being closed.
  await Promise.race([wiring.close().catch(() => {}), tooLate]);
  over.abort();
}

function readConfigOrExit(env: NodeJS.ProcessEnv): Config {
  try {
    return readConfig(env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return process.exit(2);
  }
}
