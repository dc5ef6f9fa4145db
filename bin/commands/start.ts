import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { defineCommand } from '../command.ts';
import { withInstallation } from '../installation.ts';

export const start = defineCommand({
  name: 'start',
  summary: 'Runs the fleet until Ctrl-C',
  flags: {
    processes: {
      type: 'string',
      value: 'N',
      help: 'fleet processes (default 1; one per two cores is plenty)',
    },
  },
  schema: z.object({
    operands: z.tuple([], { error: 'takes no arguments' }),
    processes: z.coerce
      .number()
      .int()
      .min(1)
      .max(4 * availableParallelism())
      .default(1),
  }),
  async run({ processes }, context) {
    return withInstallation(context, async (installation) => {
      for (const { name, version, url } of installation.servers.running) {
        context.say(`${name}: ${version ?? 'as it is'} at ${url}`);
      }
      await installation.startFleet({ processes, isQuiet: false });
      context.say('the fleet is running; Ctrl-C drains and ends it');
      if (!context.signal.aborted) await once(context.signal, 'abort');
      context.say('draining …');
      return 0;
    });
  },
});
