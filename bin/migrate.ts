import { closeInTime, prepareServers, runProcess } from '../entry.ts';
import { openWiring } from '../wiring.ts';

/**
 * Entry of the container that runs before all others: waits for the servers, checks them, brings the
 * schema up to date and ends. Unlike a command of the CLI it never starts servers of its own.
 */
await runProcess(process.env, async (config, log) => {
  const wiring = openWiring(config);
  try {
    await prepareServers(wiring, config, log);
  } finally {
    await closeInTime(wiring);
  }
  log.info('the schema is up to date');
  return { stop: async () => {} };
});
process.exit(0); // Whatever may still be open.
