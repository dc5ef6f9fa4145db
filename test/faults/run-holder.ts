import { readConfig } from '../../config.ts';
import { openWiring } from '../../wiring.ts';

/** A process that is at a run of the schedule, and never comes to its end. */
const wiring = openWiring(readConfig(process.env));
const { signal } = new AbortController();
const run = { name: process.env['RUN_NAME'] ?? '', dueAt: Number(process.env['RUN_DUE_AT']) };
await wiring.schedule.holdRun(run, {
  work: () =>
    new Promise(() => {
      process.send?.('ready');
    }),
  signal,
  isRetried: () => true,
});
