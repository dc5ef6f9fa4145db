import { z } from 'zod';
import { type ArchiveBatch, TIERS } from '../../domain/archive.ts';
import { instantOf } from '../../domain/instant.ts';
import { defineCommand, jsonFlag } from '../command.ts';
import { withInstallation } from '../installation.ts';
import { openProgress } from '../progress.ts';
import { table } from '../table.ts';

const UNITS_MS = { h: 3_600_000, d: 86_400_000 } as const;

/** `36h` or `7d`, in milliseconds. */
const Age = z
  .string()
  .regex(/^[1-9]\d*[hd]$/, { error: 'must be a number of hours or days from 1, like 36h or 7d' })
  .transform((text) => Number(text.slice(0, -1)) * UNITS_MS[text.endsWith('h') ? 'h' : 'd']);

export const archive = defineCommand({
  name: 'archive',
  summary: 'Moves messages to the next tier that are old enough, as the fleet does every hour',
  flags: {
    company: { type: 'string', value: 'ID', help: 'only this company' },
    from: { type: 'string', value: 'TIER', help: 'only out of hot, or warm; cold: compact' },
    'older-than': { type: 'string', value: 'AGE', help: 'whatever is older, like 36h or 7d' },
    'dry-run': { type: 'boolean', help: 'say what would be moved, and move nothing' },
    ...jsonFlag,
  },
  schema: z.object({
    operands: z.tuple([], { error: 'takes no arguments' }),
    company: z.string().min(1).optional(),
    from: z.enum(TIERS, { error: `must be one of ${TIERS.join(', ')}` }).optional(),
    'older-than': Age.optional(),
    'dry-run': z.boolean().default(false),
    json: z.boolean().default(false),
  }),
  async run(flags, context) {
    return withInstallation(context, async ({ wiring }) => {
      await wiring.migrate();
      const age = flags['older-than'];
      const before = age === undefined ? undefined : instantOf(Date.now() - age);
      const ripe = await wiring.archive.findRipe({ companyId: flags.company, before });
      const batches = ripe.filter((batch) => flags.from === undefined || batch.tier === flags.from);

      const isDry = flags['dry-run'];
      const progress = isDry
        ? null
        : openProgress({ label: 'moving', unit: 'messages', total: await countAll(batches) });
      const rows: { batch: ArchiveBatch; messages: number }[] = [];
      for (const batch of batches) {
        if (context.signal.aborted) break;
        const messages = isDry ? await wiring.archive.count(batch) : (await move(batch)).moved;
        rows.push({ batch, messages });
      }
      progress?.end();
      context.print(flags.json ? JSON.stringify(report(rows)) : show(rows, isDry));
      return context.signal.aborted ? 130 : 0;

      function move(batch: ArchiveBatch) {
        const { signal } = context;
        return wiring.archive.move(batch, { signal, onMoved: (count) => progress?.advance(count) });
      }

      async function countAll(all: readonly ArchiveBatch[]): Promise<number> {
        let total = 0;
        for (const batch of all) total += await wiring.archive.count(batch);
        return total;
      }
    });
  },
});

type Row = { readonly batch: ArchiveBatch; readonly messages: number };

function report(rows: readonly Row[]) {
  const moves = rows.map(({ batch, messages }) => ({ ...batch, messages }));
  return { messages: rows.reduce((sum, row) => sum + row.messages, 0), moves };
}

function whatOf(batch: ArchiveBatch): string {
  if (batch.tier === 'hot') return `before ${batch.before}`;
  if (batch.tier === 'cold') return `of ${batch.month}, compacted`;
  return batch.lastDay === undefined ? `of ${batch.day}` : `of ${batch.day} to ${batch.lastDay}`;
}

function show(rows: readonly Row[], isDry: boolean): string {
  if (rows.length === 0) return 'nothing is old enough';
  const lines = rows.map(({ batch, messages }) => [
    batch.companyId,
    batch.tier,
    whatOf(batch),
    messages,
  ]);
  return table(['company', 'out of', 'messages', isDry ? 'would move' : 'moved'], lines);
}
