import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { defineCommand, UsageError } from '../command.ts';
import { withInstallation } from '../installation.ts';
import { Moment } from '../moment-flag.ts';
import { openDuckdb } from '../query/duckdb.ts';
import { localFiles } from '../query/local-files.ts';
import { FORMATS, writeRows } from '../query/write-rows.ts';

export const query = defineCommand({
  name: 'query',
  summary: 'Runs SQL over the archive with DuckDB: the views are messages and segments',
  operands: '"select …"',
  flags: {
    company: { type: 'string', value: 'ID', help: 'only this company' },
    from: { type: 'string', value: 'DAY', help: 'only messages since this day, or moment' },
    to: { type: 'string', value: 'DAY', help: 'only messages before this day, or moment' },
    format: {
      type: 'string',
      value: 'NAME',
      help: 'table (default), csv, or json: one object a line',
    },
  },
  schema: z.object({
    operands: z.tuple([z.string()], { error: 'give one text of SQL, in quotes; - reads it' }),
    company: z.string().min(1).optional(),
    from: Moment.optional(),
    to: Moment.optional(),
    format: z.enum(FORMATS, { error: `must be ${FORMATS.join(', ')}` }).default('table'),
  }),
  async run({ operands: [given], company: companyId, from, to, format }, context) {
    const sql = given === '-' ? await text(process.stdin) : given;
    return withInstallation(context, async ({ wiring }) => {
      await wiring.migrate();
      const wanted = { companyId, from, to };
      const objects = await wiring.archive.list(wanted);
      if (objects.length === 0) context.say('there are no such messages in the archive');
      const files = await localFiles(objects, { archive: wiring.archive, signal: context.signal });
      try {
        const duckdb = await openDuckdb(files.segments, wanted);
        context.signal.addEventListener('abort', duckdb.interrupt);
        try {
          await writeRows(await duckdb.ask(sql), format, context);
        } catch (error) {
          throw new UsageError(error instanceof Error ? error.message : String(error));
        } finally {
          duckdb.close();
        }
      } finally {
        await files.remove();
      }
      return 0;
    });
  },
});
