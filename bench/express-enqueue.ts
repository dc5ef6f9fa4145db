import express from 'express';
import { Queue } from 'bullmq';
import { openWorkingConnection } from '../queues/connection.ts';

/**
 * The yardstick for handing messages over: Express that reads the JSON and adds it as one BullMQ job,
 * unchecked, to a queue of the same Redis. Arguments: port, redis URL, key prefix.
 */
const [port = '', redisUrl = '', prefix = ''] = process.argv.slice(2);
const queue = new Queue('yardstick', { connection: openWorkingConnection(redisUrl), prefix });
const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use(express.json({ limit: '4mb' }));

app.post('/messages', (request, response, next) => {
  const body = request.body as unknown;
  queue
    .add('persist', { messages: Array.isArray(body) ? body : [body] })
    .then(({ id }) => response.status(202).json({ jobId: id }))
    .catch(next);
});
await queue.waitUntilReady();
app.listen(Number(port), '127.0.0.1', () => process.send?.('ready'));
for (const event of ['disconnect', 'SIGTERM']) process.once(event, () => process.exit());
