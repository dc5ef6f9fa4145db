import { z } from 'zod';
import type { Verified } from '../../db/verify.ts';
import { defineCommand, jsonFlag } from '../command.ts';
import { withInstallation } from '../installation.ts';
import { openProgress } from '../progress.ts';
import { table } from '../table.ts';

const FAULTS_SHOWN_MAX = 100;

export const verify = defineCommand({
  name: 'verify',
  summary: 'Counts all messages anew and compares with the Ledger; says what is wrong, and fails',
  flags: {
    deep: { type: 'boolean', help: 'read the whole archive, too, and compare every checksum' },
    ...jsonFlag,
  },
  schema: z.object({
    operands: z.tuple([], { error: 'takes no arguments' }),
    deep: z.boolean().default(false),
    json: z.boolean().default(false),
  }),
  async run({ deep, json }, context) {
    return withInstallation(context, async ({ wiring }) => {
      await wiring.migrate();
      const progress = deep
        ? openProgress({ label: 'reading', unit: 'segments', total: null })
        : undefined;
      const verified = await wiring.verify({
        isDeep: deep,
        signal: context.signal,
        onSegment: () => progress?.advance(1),
      });
      progress?.end();
      context.print(json ? JSON.stringify(verified) : show(verified));
      if (context.signal.aborted) return 130;
      return verified.faults.length === 0 ? 0 : 1;
    });
  },
});

function show({ counts, segments, faults }: Verified): string {
  const { hot, warm, cold } = counts;
  const lines = faults.slice(0, FAULTS_SHOWN_MAX).map(({ companyId, sentence }) => {
    return companyId === null ? sentence : `${companyId}: ${sentence}`;
  });
  const more = faults.length - lines.length;
  if (more > 0) lines.push(`and ${more} more; --json shows all`);
  return [
    table(['hot', 'warm', 'cold', 'segments'], [[hot, warm, cold, segments]]),
    ...lines,
    faults.length === 0 ? 'all is as it should be' : `${faults.length} faults`,
  ].join('\n');
}
