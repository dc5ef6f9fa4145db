import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { Message } from '../../domain/message.ts';
import { defineCommand } from '../command.ts';
import { keptKey, showDoors } from '../doors.ts';
import { withInstallation } from '../installation.ts';

export const start = defineCommand({
  name: 'start',
  summary: 'Runs the fleet and the HTTP API until Ctrl-C',
  flags: {
    processes: {
      type: 'string',
      value: 'N',
      help: 'fleet processes (default 1; one per two cores is plenty)',
    },
    company: {
      type: 'string',
      value: 'ID',
      help: 'whose API key is shown (default my-company)',
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
    company: Message.shape.companyId.default('my-company'),
  }),
  async run({ processes, company }, context) {
    return withInstallation(context, async (installation) => {
      for (const { name, version, url } of installation.servers.running) {
        context.say(`${name}: ${version ?? 'as it is'} at ${url}`);
      }
      await installation.startFleet({ processes, isQuiet: false });
      const { url } = await installation.startHttp({ isQuiet: false });
      const token = await keptKey(installation, company);
      const { adminPassword } = installation.config;
      showDoors({ url, token, company, adminPassword, context });
      context.say('running; Ctrl-C drains and ends it');
      if (!context.signal.aborted) await once(context.signal, 'abort');
      context.say('draining …');
      return 0;
    });
  },
});
