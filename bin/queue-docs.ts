import { contractOf, QUEUE_NAMES, queuePrefixOf } from '../queues/index.ts';
import { payloadSchemaOf } from '../queues/payload-schema.ts';
import type { QueueContract } from '../queues/define-queue.ts';

const FOLDER = 'docs/queues';
const contracts = QUEUE_NAMES.map((name) => contractOf(name) as QueueContract);

/** For those who write jobs without our producer: a schema for each queue, and how to use it. */
export const queueDocs = [
  { path: `${FOLDER}/README.md`, text: page },
  ...contracts.map((contract) => ({
    path: `${FOLDER}/${contract.name}.schema.json`,
    text: () => `${JSON.stringify(payloadSchemaOf(contract), null, 2)}\n`,
  })),
];

function page(): string {
  const list = contracts.map(
    ({ name, summary }) => `- [\`${name}\`](${name}.schema.json): ${summary}`,
  );
  return PAGE.replace('LIST', list.join('\n')).replaceAll('PREFIX', queuePrefixOf('camadas'));
}

const PAGE = `<!-- Written by ./scripts.sh docs. Do not edit. -->

# Queues

Any BullMQ client can hand in jobs, in any language. What a job of each queue holds, as JSON Schema:

LIST

A job needs four things, and no options: the fleet decides about attempts, pauses and what is kept.

- **Redis**: the queue's, \`QUEUE_REDIS_URL\`.
- **Prefix**: \`PREFIX\`, with its braces; \`camadas\` is what \`KEY_PREFIX\` says.
- **Name** of the queue, and of the job: as above.
- **Data**: the JSON of the schema. Where it does not fit, the job is dead at once, and says why.

Unlike the [producer and the HTTP API](../../README.md#from-another-program), the queue gives no ids and
takes everything: give each message a \`messageId\` and a \`createdAt\` before you send it, and if you do not
know whether it was taken, send it again as it is. It is stored once.

In Node.js:

\`\`\`js
import { randomUUID } from 'node:crypto';
import { Queue } from 'bullmq';

const connection = { url: process.env.QUEUE_REDIS_URL };
const queue = new Queue('persist', { connection, prefix: 'PREFIX' });
const message = {
  companyId: 'lantern-loop',
  clientId: 'maya',
  conversationId: 'order-20481',
  messageId: randomUUID(),
  role: 'user',
  content: 'where is my order? 📦',
  createdAt: new Date().toISOString(),
};
await queue.add('persist', { messages: [message] });
await queue.close();
\`\`\`

In Python (our tests do not run this one):

\`\`\`python
import asyncio, os, uuid
from datetime import datetime, timezone
from bullmq import Queue

async def main():
    connection = os.environ["QUEUE_REDIS_URL"]
    queue = Queue("persist", {"connection": connection, "prefix": "PREFIX"})
    message = {
        "companyId": "lantern-loop",
        "clientId": "maya",
        "conversationId": "order-20481",
        "messageId": str(uuid.uuid4()),
        "role": "user",
        "content": "where is my order? 📦",
        "createdAt": datetime.now(timezone.utc).isoformat(),
    }
    await queue.add("persist", {"messages": [message]})
    await queue.close()

asyncio.run(main())
\`\`\`
`;
