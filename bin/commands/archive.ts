import { z } from 'zod';
import { type ArchiveBatch, type Tier, TIERS } from '../../domain/archive.ts';
import type { Wiring } from '../../wiring.ts';
import { type Instant, instantOf } from '../../domain/instant.ts';
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
    from: {
      type: 'string',
      value: 'TIER',
      help: 'only out of hot, or warm; cold: only compact the months that are over',
    },
    'older-than': {
      type: 'string',
      value: 'AGE',
      help: 'whatever is older, like 36h or 7d; without --from all the way to cold',
    },
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
      const wanted = { companyId: flags.company, before };
      const tiers = flags.from === undefined ? TIERS : [flags.from];
      const work = { wiring, wanted, tiers, signal: context.signal };

      const isDry = flags['dry-run'];
      const rows = await (isDry ? countTiers(work) : moveTiers(work));
      context.print(flags.json ? JSON.stringify(report(rows)) : show(rows, isDry));
      return context.signal.aborted ? 130 : 0;
    });
  },
});

interface Work {
  readonly wiring: Wiring;
  readonly wanted: { companyId: string | undefined; before: Instant | undefined };
  readonly tiers: readonly Tier[];
  readonly signal: AbortSignal;
}

interface Row {
  readonly batch: ArchiveBatch;
  readonly messages: number;
}

/** What could leave these tiers as they are now. */
async function countTiers({ wiring, wanted, tiers, signal }: Work): Promise<Row[]> {
  const rows: Row[] = [];
  for (const batch of await wiring.archive.findRipe(wanted)) {
    if (signal.aborted) break;
    if (!tiers.includes(batch.tier)) continue;
    rows.push({ batch, messages: await wiring.archive.count(batch) });
  }
  return rows;
}

/** Tier by tier: what leaves hot may be old enough to leave warm as well. */
async function moveTiers(work: Work): Promise<Row[]> {
  const { signal, wiring } = work;
  const moved: Row[] = [];
  let total = 0;
  const progress = openProgress({ label: 'moving', unit: 'messages', total: () => total || null });
  const onMoved = (count: number) => progress.advance(count);
  for (const tier of work.tiers) {
    const ripe = await countTiers({ ...work, tiers: [tier] });
    total += ripe.reduce((sum, { messages }) => sum + messages, 0);
    for (const { batch } of ripe) {
      if (signal.aborted) break;
      const { moved: messages } = await wiring.archive.move(batch, { signal, onMoved });
      moved.push({ batch, messages });
    }
  }
  progress.end();
  return moved;
}

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
