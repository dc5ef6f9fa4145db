import { z } from 'zod';
import { openProducer } from '../../queues/producer.ts';
import { type Context, defineCommand, jsonFlag } from '../command.ts';
import { type Installation, withInstallation } from '../installation.ts';
import { openProgress } from '../progress.ts';
import { openClients } from '../clients.ts';
import { httpDoors, queueDoors, type ReplayDoors } from '../replay-doors.ts';
import { checkReplayFile, readReplayFile } from '../replay-files.ts';
import { chunksOf, sendAll, verifyAll } from '../replay.ts';
import { table } from '../table.ts';

const REFUSALS_TOLD_MAX = 5;

export const replay = defineCommand({
  name: 'replay',
  summary: 'Sends conversations from JSON Lines files and ends when every message is read back',
  operands: 'FILE…',
  flags: {
    company: {
      type: 'string',
      value: 'ID',
      help: 'the company (default: the source of each line)',
    },
    rate: { type: 'string', value: 'N', help: 'messages a second, at most (default: no limit)' },
    concurrency: {
      type: 'string',
      value: 'N',
      help: 'messages on their way at once (default 5000)',
    },
    http: { type: 'boolean', help: 'send and read back over HTTP instead of the producer' },
    ...jsonFlag,
  },
  schema: z.object({
    operands: z.array(z.string()).min(1, { error: 'name at least one file' }),
    company: z.string().min(1).max(64).optional(),
    rate: z.coerce.number().positive().default(Infinity),
    concurrency: z.coerce.number().int().min(1).max(100_000).default(5_000),
    http: z.boolean().default(false),
    json: z.boolean().default(false),
  }),
  async run({ operands: files, json, ...options }, context) {
    for (const file of files) await checkReplayFile(file);
    return withInstallation(context, async (installation) => {
      await installation.ensureFleet();
      const report = await replayFiles(files, { ...options, installation, context });
      context.print(json ? JSON.stringify(report) : show(report));
      return report.lost === 0 && report.altered === 0 ? 0 : 1;
    });
  },
});

interface ReplayReport {
  readonly accepted: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly refused: number;
  readonly lost: number;
  readonly altered: number;
}

async function replayFiles(
  files: readonly string[],
  options: {
    company?: string | undefined;
    rate: number;
    concurrency: number;
    http: boolean;
    installation: Installation;
    context: Context;
  },
): Promise<ReplayReport> {
  const { installation, context } = options;
  let refused = 0;
  const onRefusal = (sentence: string) => {
    refused += 1;
    if (refused <= REFUSALS_TOLD_MAX) context.say(`refused: ${sentence}`);
  };
  const { doors, close } = await openDoors(installation, options);
  const around = { doors, wiring: installation.wiring, signal: context.signal };

  const sending = openProgress({ label: 'sending', unit: 'messages', total: null });
  const sendChunks = chunksOf(readAll(files, options.company), onRefusal);
  const sendTo = { ...around, rate: options.rate, progress: sending };
  const sent = await closing(sendAll(sendChunks, sendTo), async () => {
    sending.end();
    await close();
  });

  const verifying = openProgress({ label: 'reading back', unit: 'messages', total: sent.accepted });
  const verifyChunks = chunksOf(readAll(files, options.company), () => {});
  const found = await verifyAll(verifyChunks, { ...around, progress: verifying }).finally(
    verifying.end,
  );
  const stored = sent.accepted - sent.duplicates - found.lost;
  return { accepted: sent.accepted, stored, duplicates: sent.duplicates, refused, ...found };
}

/** Whatever becomes of the work: a producer left open would hold the process. */
async function closing<Result>(work: Promise<Result>, close: () => Promise<void>): Promise<Result> {
  try {
    return await work;
  } finally {
    await close();
  }
}

async function openDoors(
  installation: Installation,
  options: { http: boolean; concurrency: number },
): Promise<{ doors: ReplayDoors; close(): Promise<void> }> {
  if (options.http) {
    const { url } = await installation.startHttp({ isQuiet: true });
    return { doors: httpDoors(openClients(installation, url)), close: async () => {} };
  }
  const { wiring, config } = installation;
  const producer = openProducer({
    redisUrl: config.queueRedisUrl,
    prefix: config.keyPrefix,
    inFlightMessagesMax: options.concurrency,
    whenUnreachable: 'wait',
  });
  return { doors: queueDoors(producer, wiring), close: producer.close };
}

async function* readAll(files: readonly string[], companyId: string | undefined) {
  for (const file of files) yield* readReplayFile(file, companyId);
}

function show(report: ReplayReport): string {
  return table(Object.keys(report), [Object.values(report)]);
}
