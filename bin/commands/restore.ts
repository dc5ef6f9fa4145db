import { z } from 'zod';
import { instantOf } from '../../domain/instant.ts';
import { defineCommand, jsonFlag, UsageError } from '../command.ts';
import { withInstallation } from '../installation.ts';
import { Moment } from '../moment-flag.ts';
import { printable } from '../printable.ts';
import { openProgress } from '../progress.ts';

const DAY_MS = 86_400_000;
const KEPT_DAYS_DEFAULT = 7;

export const restore = defineCommand({
  name: 'restore',
  summary: 'Brings messages of a company back from the cold tier to the warm one, for a while',
  flags: {
    company: { type: 'string', value: 'ID', help: 'the company (needed)' },
    from: { type: 'string', value: 'DAY', help: 'the first day, or moment (needed)' },
    to: { type: 'string', value: 'DAY', help: 'the day, or moment, before which it ends (needed)' },
    days: {
      type: 'string',
      value: 'N',
      help: `how long they stay warm (default ${KEPT_DAYS_DEFAULT})`,
    },
    ...jsonFlag,
  },
  schema: z
    .object({
      operands: z.tuple([], { error: 'takes no arguments' }),
      company: z.string({ error: 'is needed' }).min(1),
      from: Moment,
      to: Moment,
      days: z.coerce.number().int().min(1).default(KEPT_DAYS_DEFAULT),
      json: z.boolean().default(false),
    })
    .refine(({ from, to }) => from < to, { path: ['to'], error: 'must lie after --from' }),
  async run({ company, from, to, days, json }, context) {
    return withInstallation(context, async ({ wiring }) => {
      await wiring.migrate();
      const { signal } = context;
      const progress = openProgress({ label: 'restoring', unit: 'messages', total: null });
      const until = instantOf(Date.now() + days * DAY_MS);
      const restoring = wiring.archive.restore(
        { companyId: company, from, to, until },
        { signal, onRestored: (count) => progress.advance(count) },
      );
      const done = await restoring.finally(progress.end);
      if (!done) throw new UsageError(`--company: there is no company ${printable(company)}`);
      const { restored, isBusy } = done;
      context.print(
        json ? JSON.stringify({ restored, until }) : `${restored} messages are warm until ${until}`,
      );
      if (!isBusy) return signal.aborted ? 130 : 0;
      context.say('some of it is being archived at this moment; run it again');
      return 1;
    });
  },
});
