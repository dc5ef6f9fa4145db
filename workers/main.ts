import { pino } from 'pino';
import { readConfig } from '../config.ts';
import { type RunningFleet, runFleet } from './run.ts';

/** Entry of one Fleet process. SIGTERM and SIGINT drain it; a second one ends it at once. */
const config = readConfigOrExit();
const log = pino({ level: config.logLevel });
/** Longer than `runFleet` ever takes to close: should it hang all the same, the process still ends. */
const CLOSE_MS_MAX = 5_000;
let fleet: RunningFleet | undefined;
let isStopping = false;

// From the first moment: as process 1 of a container, one without a handler ignores signals.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
// Whoever started this process and talks to it has died: nobody is left to tell it to end.
process.once('disconnect', () => void stop());

try {
  fleet = await runFleet(config, log);
  process.send?.('ready');
} catch (error) {
  log.fatal(error instanceof Error ? error.message : String(error));
  process.exit(1);
}

async function stop(): Promise<void> {
  // Not running yet, so it holds no job; or told twice.
  if (!fleet || isStopping) process.exit(1);
  isStopping = true;
  setTimeout(() => process.exit(1), config.drainMsMax + CLOSE_MS_MAX).unref();
  await fleet.stop();
  process.exit(0);
}

function readConfigOrExit() {
  try {
    return readConfig(process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return process.exit(2);
  }
}
