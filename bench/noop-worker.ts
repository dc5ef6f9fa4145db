import { Worker } from 'bullmq';
import { openWorkingConnection } from '../queues/connection.ts';

/**
 * The yardstick for one message per job: a BullMQ worker that does nothing, in a process of its own,
 * with the connection and the retention of the Fleet. Arguments: redis URL, prefix, concurrency.
 */
const [url = '', prefix = '', concurrency = ''] = process.argv.slice(2);
const worker = new Worker('noop', () => Promise.resolve(), {
  connection: openWorkingConnection(url),
  prefix,
  concurrency: Number(concurrency),
  removeOnComplete: { count: 0 },
});
worker.on('error', (error) => process.stderr.write(`${error.message}\n`));
await worker.waitUntilReady();
process.send?.('ready');
process.once('disconnect', () => process.exit());
