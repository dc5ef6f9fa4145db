import express, { type Response } from 'express';
import { Redis } from 'ioredis';

/**
 * The yardstick for a cached page: Express with one route that does one GET in Redis and sends the
 * bytes. No key is checked, nothing is logged, no header set that Express does not need.
 *
 * Arguments: port, redis URL, and in which form Express sends; the fastest is to be the yardstick:
 * `send` as it comes, `untagged` without ETags, `end` past Express's own `send`, and `pipelined`,
 * where ioredis besides puts the commands of one tick into one write.
 */
const [port = '', redisUrl = '', form = ''] = process.argv.slice(2);
const redis = new Redis(redisUrl, { enableAutoPipelining: form === 'pipelined' });
const app = express();
app.disable('x-powered-by');
if (form !== 'send') app.disable('etag');
const give = form === 'send' || form === 'untagged' ? send : end;

app.get('/pages/:number', (request, response, next) => {
  redis.getBuffer(`yardstick:${request.params.number}`).then((bytes) => {
    if (bytes) give(response, bytes);
    else response.status(404).end();
  }, next);
});
app.listen(Number(port), '127.0.0.1', () => process.send?.('ready'));
for (const event of ['disconnect', 'SIGTERM']) process.once(event, () => process.exit());

function send(response: Response, bytes: Buffer): void {
  response.type('application/json').send(bytes);
}

function end(response: Response, bytes: Buffer): void {
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('content-length', bytes.length);
  response.end(bytes);
}
