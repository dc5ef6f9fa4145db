import { z } from 'zod';
import { QUEUE_NAMES, type QueueName } from '../../queues/index.ts';
import { defineCommand, jsonFlag } from '../command.ts';
import { withInstallation } from '../installation.ts';

const Queue = z.enum(QUEUE_NAMES as [QueueName, ...QueueName[]], {
  error: `must be one of ${QUEUE_NAMES.join(', ')}`,
});

export const redrive = defineCommand({
  name: 'redrive',
  summary: 'Puts the dead jobs of a queue back to work',
  flags: {
    queue: {
      type: 'string',
      value: 'NAME',
      help: `one of ${QUEUE_NAMES.join(', ')} (default persist)`,
    },
    ...jsonFlag,
  },
  schema: z.object({
    operands: z.tuple([], { error: 'takes no arguments' }),
    queue: Queue.default('persist'),
    json: z.boolean().default(false),
  }),
  async run({ queue, json }, context) {
    return withInstallation(context, async ({ wiring }) => {
      const jobs = await wiring.queue.inspector.redrive(queue);
      context.print(json ? JSON.stringify({ queue, jobs }) : `${jobs} jobs of ${queue} wait again`);
      return 0;
    });
  },
});
