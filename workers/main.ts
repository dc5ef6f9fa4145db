import { pino } from 'pino';
import { readConfig } from '../config.ts';
import { runFleet } from './run.ts';

/** Entry of one Fleet process. SIGTERM and SIGINT drain it; a second one ends it at once. */
const config = readConfigOrExit();
const log = pino({ level: config.logLevel });
const CLOSE_MS_MAX = 5_000;

try {
  const fleet = await runFleet(config, log);
  process.send?.('ready');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());

  const stop = async () => {
    // Connections to a server that is away may never close; the deadline holds all the same.
    setTimeout(() => process.exit(1), config.drainMsMax + CLOSE_MS_MAX).unref();
    await fleet.stop();
    process.exit(0);
  };
} catch (error) {
  log.fatal(error instanceof Error ? error.message : String(error));
  process.exit(1);
}

function readConfigOrExit() {
  try {
    return readConfig(process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return process.exit(2);
  }
}
