import { once } from 'node:events';
import { z } from 'zod';
import type { Message } from '../../domain/message.ts';
import { type Context, defineCommand, jsonFlag } from '../command.ts';
import { type Installation, withInstallation } from '../installation.ts';
import { openClients } from '../clients.ts';
import { keptKey, showDoors } from '../doors.ts';
import { gatherInsights } from '../insights.ts';
import { readPlantedDialogues } from '../planted-dialogues.ts';
import { plantHistory } from '../planted-history.ts';
import { castSamples, play, type PlayReport } from '../play.ts';
import { readSamples } from '../samples.ts';
import { showInsights } from '../show-insights.ts';
import { table } from '../table.ts';
import { archiveRipe, reportTiers, type TierReport } from '../tier-report.ts';

export const demo = defineCommand({
  name: 'demo',
  summary: 'Starts everything, plays sample conversations, shows what is found, and stays running',
  flags: { exit: { type: 'boolean', help: 'end once all is shown' }, ...jsonFlag },
  schema: z.object({
    operands: z.tuple([], { error: 'takes no arguments' }),
    exit: z.boolean().default(false),
    json: z.boolean().default(false),
  }),
  async run({ exit, json }, context) {
    return withInstallation(context, async (installation) => {
      await installation.ensureFleet();
      const { url } = await installation.startHttp({ isQuiet: true });
      const clients = openClients(installation, url);
      const now = Date.now();
      const conversations = castSamples(readSamples(), now);
      const history = plantHistory(readPlantedDialogues(), now);
      const { signal } = context;
      const report = await play({
        clients,
        conversations,
        history: history.conversations,
        signal,
        beforeReading: () => archiveRipe(installation, signal),
      });
      const tiers = await reportTiers(installation, { clients, conversations });
      if (!json) context.print(show({ ...report, tiers }, installation));
      const gathering = { played: conversations, history, signal };
      const insights = await gatherInsights(installation, gathering);
      context.print(
        json ? JSON.stringify({ ...report, tiers, ...insights }) : `\n${showInsights(insights)}`,
      );
      if (!exit) await stayRunning(context, { installation, url, shown: conversations[0]?.[0] });
      if (report.lost === 0 && report.altered === 0) return 0;
      context.say('what was read back is not what was sent');
      return 1;
    });
  },
});

async function stayRunning(
  context: Context,
  about: { installation: Installation; url: string; shown: Message | undefined },
): Promise<void> {
  const { installation, url, shown } = about;
  const { say, signal } = context;
  if (shown) {
    const { companyId: company, conversationId } = shown;
    const token = await keptKey(installation, company);
    const { adminPassword } = installation.config;
    showDoors({ url, token, company, conversationId, adminPassword, context });
  }
  say('still running; Ctrl-C ends it. ./scripts.sh status shows queues and processes');
  if (!signal.aborted) await once(signal, 'abort');
}

function show(
  report: PlayReport & { tiers: readonly TierReport[] },
  { servers }: Installation,
): string {
  const running = servers.running.map(({ name, version }) => `${name} ${version ?? 'as given'}`);
  const { accepted, stored, duplicates, lost, altered, msgsPerSecond } = report;
  return [
    `${report.conversations} conversations of ${report.companies} companies on ${running.join(', ')}`,
    '',
    table(
      ['accepted', 'stored', 'duplicates', 'lost', 'altered', 'per second'],
      [[accepted, stored, duplicates, lost, altered, msgsPerSecond]],
    ),
    '',
    table(
      ['milliseconds until', 'p50', 'p99'],
      [
        ['accepted: durable in the queue', report.acceptMsP50, report.acceptMsP99],
        ['stored: visible in its page', report.storeMsP50, report.storeMsP99],
        ['a page is read', report.pageMsP50, report.pageMsP99],
      ],
    ),
    '',
    table(
      ['tier', 'messages', 'bytes a message', 'ms a page: p50', 'p99'],
      report.tiers.map((tier) => [
        tier.tier,
        tier.messages,
        tier.bytesPerMessage,
        tier.pageMsP50,
        tier.pageMsP99,
      ]),
    ),
  ].join('\n');
}
