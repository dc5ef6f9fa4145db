import { z } from 'zod';
import { metricsAddress } from '../../dashboard/metrics-targets.ts';
import { QUEUE_NAMES } from '../../queues/index.ts';
import { defineCommand, jsonFlag } from '../command.ts';
import { withInstallation } from '../installation.ts';
import { table } from '../table.ts';

const DEAD_SHOWN_MAX = 5;

export const status = defineCommand({
  name: 'status',
  summary: 'Shows queues, dead jobs with their reasons, and fleet processes',
  flags: jsonFlag,
  schema: z.object({
    operands: z.tuple([], { error: 'takes no arguments' }),
    json: z.boolean().default(false),
  }),
  async run({ json }, context) {
    return withInstallation(context, async ({ wiring }) => {
      const { inspector } = wiring.queue;
      const queues = [];
      const dead = [];
      for (const name of QUEUE_NAMES) {
        queues.push({ name, ...(await inspector.counts(name)) });
        dead.push(...(await inspector.dead(name, DEAD_SHOWN_MAX)));
      }
      const fleet = await inspector.heartbeats();
      if (json) {
        context.print(JSON.stringify({ queues, dead, fleet }));
        return 0;
      }
      const counts = queues.map((queue) => Object.values(queue));
      context.print(table(['queue', 'waiting', 'active', 'delayed', 'dead'], counts));
      for (const job of dead) context.print(`dead: ${job.queue} ${job.jobId}: ${job.reason}`);
      for (const heartbeat of fleet) {
        const { host, pid, isHealthy, reason, jobsDone } = heartbeat;
        const state = isHealthy ? 'healthy' : reason;
        const address = metricsAddress(heartbeat);
        const metrics = address === null ? '' : `, http://${address}/metrics`;
        context.print(`fleet: ${host}/${pid} ${state}, ${jobsDone} jobs done${metrics}`);
      }
      if (fleet.length === 0) context.print('fleet: no process is running; ./scripts.sh start');
      return 0;
    });
  },
});
