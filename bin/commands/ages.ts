import { z } from 'zod';
import { type Context, defineCommand, jsonFlag, UsageError } from '../command.ts';
import { type Installation, withInstallation } from '../installation.ts';
import { table } from '../table.ts';

const Count = z.coerce.number().int().min(1).optional();

export const ages = defineCommand({
  name: 'ages',
  summary: 'Shows when messages leave a tier, or gives a company ages of its own',
  flags: {
    company: { type: 'string', value: 'ID', help: 'give this company ages of its own' },
    'hot-hours': { type: 'string', value: 'N', help: 'when its messages leave the hot tier' },
    'warm-days': { type: 'string', value: 'N', help: 'when they leave the warm one' },
    reset: { type: 'boolean', help: 'take them away again' },
    ...jsonFlag,
  },
  schema: z.object({
    operands: z.tuple([], { error: 'takes no arguments' }),
    company: z.string().min(1).optional(),
    'hot-hours': Count,
    'warm-days': Count,
    reset: z.boolean().default(false),
    json: z.boolean().default(false),
  }),
  async run(flags, context) {
    const { company, reset, json } = flags;
    const wanted = { hotHours: flags['hot-hours'], warmDays: flags['warm-days'] };
    const isGiven = wanted.hotHours !== undefined || wanted.warmDays !== undefined;
    if (company === undefined && (isGiven || reset)) {
      throw new UsageError(
        '--company: is needed; ages of the installation are HOT_HOURS and WARM_DAYS',
      );
    }
    if (company !== undefined && !isGiven && !reset) {
      throw new UsageError('--company: needs --hot-hours or --warm-days, or --reset');
    }
    return withInstallation(context, async (installation) => {
      await installation.wiring.migrate();
      if (company !== undefined) await change(installation, company, reset ? null : wanted);
      await show(installation, { json, context });
      return 0;
    });
  },
});

async function change(
  { wiring, config }: Installation,
  companyId: string,
  wanted: { hotHours?: number | undefined; warmDays?: number | undefined } | null,
): Promise<void> {
  const all = await wiring.ages.list();
  const agesOf = (id: string | null) => all.find((one) => one.companyId === id);
  const known = agesOf(companyId) ?? agesOf(null) ?? config;
  const hotHours = wanted?.hotHours ?? known.hotHours;
  const warmDays = wanted?.warmDays ?? known.warmDays;
  if (hotHours >= warmDays * 24) {
    throw new UsageError('--warm-days: must be longer than the hours in the hot tier');
  }
  const isKnown = await wiring.ages.set(companyId, wanted && { hotHours, warmDays });
  if (!isKnown) throw new UsageError(`--company: nobody has stored a message of ${companyId} yet`);
}

async function show(
  { wiring }: Installation,
  { json, context }: { json: boolean; context: Context },
): Promise<void> {
  const all = await wiring.ages.list();
  if (json) return context.print(JSON.stringify(all));
  const rows = all.map(({ companyId, hotHours, warmDays }) => {
    return [companyId ?? 'all others', hotHours, warmDays];
  });
  context.print(table(['company', 'hours hot', 'days warm'], rows));
}
