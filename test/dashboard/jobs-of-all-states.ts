import { FlowProducer, type Job, Queue, Worker } from 'bullmq';
import { queuePrefixOf, type QueueName } from '../../queues/index.ts';
import { aMessage, eventually, type TestHouse } from '../house.ts';

/** What must never be seen of a job. */
export const SECRETS = {
  content: 'segredo-do-texto',
  metadata: 'segredo-dos-dados',
  clientId: 'segredo-do-cliente',
};
const all = Object.values(SECRETS).join(' ');

/** What is to be seen: else a test that finds no secret may have looked at nothing. */
export const shownId = (state: string) => `wamid.${state}`;

const payload = (state: string) => ({
  messages: [
    aMessage({
      messageId: shownId(state),
      clientId: SECRETS.clientId,
      content: SECRETS.content,
      // Names that mean something elsewhere, and must not be taken for that here.
      metadata: { role: SECRETS.metadata, messages: [{ messageId: SECRETS.metadata }] },
    }),
    // As malformed as Redis can hold it.
    { messageId: { text: all }, role: all, createdAt: all, constructor: all, toString: all },
    all,
    [all],
  ],
  text: all,
});

/** A job in each state, made by BullMQ itself, with secrets in every place that a job has. */
export async function openJobsOfAllStates(house: TestHouse) {
  const { redis: connection } = house.wiring.admin;
  const options = { connection, prefix: queuePrefixOf(house.name) };
  const queue = new Queue('persist', options);
  const flow = new FlowProducer(options);
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const add = (state: string, more = {}) => queue.add('persist', payload(state), more);

  async function work(job: Job): Promise<unknown> {
    await job.log(all);
    await job.updateProgress({ text: all });
    if (job.data.messages[0].messageId === shownId('active')) await released;
    if (job.data.messages[0].messageId === shownId('failed')) throw new Error(`choked on ${all}`);
    return { text: all };
  }

  const workers = { connection: connection.duplicate({ maxRetriesPerRequest: null }) };
  const worker = new Worker('persist', work, { ...options, ...workers, concurrency: 3 });
  const ids = {
    completed: (await add('completed')).id,
    failed: (await add('failed', { attempts: 2, backoff: { type: 'fixed', delay: 1 } })).id,
    active: (await add('active')).id,
  };
  const counts = () => queue.getJobCounts();
  await eventually(counts, (now) => now['completed'] === 1 && now['failed'] === 1);
  void worker.pause(true); // Takes no more, while one still runs.
  const delayed = await add('delayed', { delay: 3_600_000 });
  const prioritized = await add('prioritized', { priority: 7 });
  const waiting = await add('waiting', { deduplication: { id: 'once' }, secret: all });
  const child = { name: 'persist', queueName: 'persist', data: payload('child') };
  const parent = await flow.add({
    name: all,
    queueName: 'persist',
    data: payload('parent'),
    children: [{ ...child, opts: { delay: 3_600_000 } }],
  });
  const template = { name: 'persist', data: payload('scheduled') };
  await queue.upsertJobScheduler('hourly', { every: 3_600_000, immediately: false }, template);

  return {
    queue: 'persist' satisfies QueueName as QueueName,
    ids: {
      ...ids,
      delayed: delayed.id,
      prioritized: prioritized.id,
      waiting: waiting.id,
      'waiting-children': parent.job.id,
    } as Record<string, string>,
    counts,
    async close() {
      release();
      await worker.close();
      workers.connection.disconnect();
    },
  };
}
