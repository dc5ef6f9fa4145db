import { z } from 'zod';
import { type FoundPatterns, PATTERN_DAYS_DEFAULT } from '../../domain/patterns/request.ts';
import { StatsRequest } from '../../domain/stats.ts';
import { zoneNameOf } from '../../domain/time-zone.ts';
import { defineCommand, jsonFlag } from '../command.ts';
import { Days } from '../days-flag.ts';
import { withInstallation } from '../installation.ts';
import { showPatterns } from '../show-patterns.ts';

export const patterns = defineCommand({
  name: 'patterns',
  summary: 'Tells what recurs in the messages of a company; looks for it if nobody did before',
  flags: {
    company: { type: 'string', value: 'ID', help: 'the company (needed)' },
    days: { type: 'string', value: 'N', help: `up to today (default ${PATTERN_DAYS_DEFAULT})` },
    'time-zone': { type: 'string', value: 'ZONE', help: 'of hours and days (default TIME_ZONE)' },
    fresh: { type: 'boolean', help: 'look anew anyway' },
    ...jsonFlag,
  },
  schema: z.object({
    operands: z.tuple([], { error: 'takes no arguments; name the company by --company' }),
    company: z.string({ error: 'is needed' }).min(1),
    days: Days.default(PATTERN_DAYS_DEFAULT),
    'time-zone': StatsRequest.shape.timeZone.optional(),
    fresh: z.boolean().default(false),
    json: z.boolean().default(false),
  }),
  async run({ company: companyId, days, fresh, json, ...rest }, context) {
    return withInstallation(context, async ({ wiring, config }) => {
      await wiring.migrate();
      const timeZone = zoneNameOf(rest['time-zone'] ?? config.timeZone);
      const wanted = { companyId, days, timeZone };
      const before = await wiring.readPatterns(wanted);
      // As the Fleet does it every night; here, so that none need run.
      if (before && (fresh || !before.found)) {
        await wiring.deps.keepPatterns(wanted, context.signal);
      }
      const found = (await wiring.readPatterns(wanted))?.found;
      if (!found) {
        context.say('no messages');
        return 1;
      }
      context.print(json ? JSON.stringify(found) : show(found));
      return 0;
    });
  },
});

function show(found: FoundPatterns): string {
  const { from, to, timeZone, foundAt } = found;
  return `${showPatterns(found)}\n\nfrom ${from} to ${to}, by the clock of ${timeZone}; looked for at ${foundAt}`;
}
