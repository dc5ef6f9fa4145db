import { z } from 'zod';
import type { Wiring } from '../../wiring.ts';
import { type Context, defineCommand, jsonFlag, UsageError } from '../command.ts';
import { readWanted } from '../import/columns.ts';
import { openFileSource } from '../import/file-source.ts';
import {
  fingerprintOf,
  type Mapping,
  mapSource,
  openMapper,
  showMapping,
} from '../import/mapping.ts';
import { openRejects } from '../import/rejects.ts';
import { showImported, showRehearsal, showRejects } from '../import/show.ts';
import { runImport, runRehearsal } from '../import/run-import.ts';
import type { Source } from '../import/source.ts';
import { RECORDS_AT_ONCE, type Work } from '../import/store-rows.ts';
import { openTableSource } from '../import/table-source.ts';
import { withInstallation } from '../installation.ts';

const Flags = z
  .object({
    operands: z.array(z.string()),
    from: z.string().min(1).optional(),
    table: z.string().min(1).optional(),
    columns: z.string().optional(),
    'columns-file': z.string().min(1).optional(),
    roles: z.string().optional(),
    rejects: z.string().min(1).optional(),
    'dry-run': z.boolean().default(false),
    restart: z.boolean().default(false),
    'no-compare': z.boolean().default(false),
    'at-once': z.coerce.number().int().min(1).default(RECORDS_AT_ONCE),
    json: z.boolean().default(false),
  })
  .refine(({ from, operands }) => from !== undefined || operands.length === 0, {
    path: ['from'],
    error: 'must stand before the files',
  })
  .refine(({ from, 'dry-run': isDry }) => from !== undefined || !isDry, {
    path: ['dry-run'],
    error: 'needs --from: it rehearses an import',
  });
type Flags = z.output<typeof Flags>;

export const migrateMessages = defineCommand({
  name: 'migrate-messages',
  summary: 'Brings the schema up to date; with --from, imports an older history into the tiers',
  operands: '[--from FILE… | --from mysql://…]',
  flags: {
    from: {
      type: 'string',
      value: 'SOURCE',
      help: 'mysql://user:password@host/database, or files: .jsonl, .ndjson, .csv, also .gz',
    },
    table: { type: 'string', value: 'NAME', help: 'the table to read (default: guessed)' },
    columns: {
      type: 'string',
      value: 'MAP',
      help: `where fields come from: "content=body,companyId='acme',metadata="`,
    },
    'columns-file': { type: 'string', value: 'FILE', help: 'the same as JSON, also with "roles"' },
    roles: { type: 'string', value: 'MAP', help: 'what roles are called: "assistant=bot,1=user"' },
    rejects: { type: 'string', value: 'FILE', help: 'gets what is refused, one JSON line each' },
    'dry-run': { type: 'boolean', help: 'read, map and check everything, and store nothing' },
    restart: {
      type: 'boolean',
      help: 'read from the beginning, not from where the last run ended',
    },
    'no-compare': { type: 'boolean', help: 'do not read back at the end what was stored' },
    'at-once': {
      type: 'string',
      value: 'N',
      help: `records stored at once (default ${RECORDS_AT_ONCE}); fewer need less memory`,
    },
    ...jsonFlag,
  },
  schema: Flags,
  async run(flags, context) {
    if (flags.from === undefined) return migrateSchema(flags, context);
    const source = await openSource(flags.from, flags);
    try {
      return await importFrom(source, flags, context);
    } finally {
      await source.close();
    }
  },
});

async function migrateSchema({ json }: Flags, context: Context): Promise<number> {
  return withInstallation(context, async ({ wiring }) => {
    const applied = await bringUpToDate(wiring, context);
    const sentence =
      applied.length === 0 ? 'the schema is up to date' : `applied ${applied.join(', ')}`;
    context.print(json ? JSON.stringify({ applied }) : sentence);
    return 0;
  });
}

/** @returns The migrations that ran now. */
async function bringUpToDate(wiring: Wiring, context: Context): Promise<string[]> {
  const applied = await wiring.migrate();
  for (const { sentence } of await wiring.checkTables()) context.say(sentence);
  return applied;
}

function openSource(from: string, { table, operands }: Flags): Promise<Source> {
  if (!/^(mysql|mariadb):\/\//.test(from)) return openFileSource([from, ...operands]);
  if (operands.length > 0) throw new UsageError('--from: a table, or files, not both');
  return openTableSource({ url: from, table });
}

async function importFrom(source: Source, flags: Flags, context: Context): Promise<number> {
  const { columns, 'columns-file': file, roles } = flags;
  const mapping = mapSource(source, await readWanted({ columns, file, roles }));
  context.say(`${source.name}:\n${showMapping(mapping)}\n`);
  const rejects = openRejects(flags.rejects);
  const work = {
    source,
    toMessage: openMapper(mapping, Date.now()),
    fingerprint: fingerprintOf(source, mapping),
    rejects,
    recordsAtOnce: flags['at-once'],
    signal: context.signal,
  };
  try {
    return flags['dry-run']
      ? await dryRun(work, { mapping, flags, context })
      : await storeAll(work, flags, context);
  } finally {
    await rejects.close();
  }
}

async function dryRun(
  work: Work,
  { mapping, flags, context }: { mapping: Mapping; flags: Flags; context: Context },
): Promise<number> {
  const rehearsal = await runRehearsal(work);
  if (context.signal.aborted) return 130;
  sayRejects(work, rehearsal.refused, context);
  const report = { mapping: mapping.rules, ...rehearsal };
  context.print(flags.json ? JSON.stringify(report) : showRehearsal(rehearsal));
  return rehearsal.refused === 0 ? 0 : 1;
}

function storeAll(work: Work, flags: Flags, context: Context): Promise<number> {
  return withInstallation(context, async ({ wiring }) => {
    await bringUpToDate(wiring, context);
    if (flags.restart) await wiring.imports.forgetCheckpoint(work.fingerprint);
    const imported = await runImport(wiring, work, { isCompared: !flags['no-compare'] });
    // Usage is counted by the fleet; if it is not asked now, the nightly comparison finds the days.
    await wiring.queue.enqueue('aggregate', { due: 'usage', isTodayMeant: true }).catch(() => {});
    sayRejects(work, imported.refused, context);
    context.print(flags.json ? JSON.stringify(imported) : showImported(imported));
    const isWhole = imported.refused === 0 && !imported.compared?.mismatches.length;
    return isWhole ? 0 : 1;
  });
}

function sayRejects({ rejects }: Work, refused: number, context: Context): void {
  const sentences = showRejects(rejects, refused);
  if (sentences !== '') context.say(sentences);
}
