import { z } from 'zod';
import { localClockOf } from '../../domain/patterns/local-time.ts';
import { type MessageStats, STATS_HOURLY_DAYS_MAX, StatsRequest } from '../../domain/stats.ts';
import { defineCommand, jsonFlag } from '../command.ts';
import { Days } from '../days-flag.ts';
import { durationOf } from '../duration.ts';
import { withInstallation } from '../installation.ts';
import { table } from '../table.ts';

const DAYS_DEFAULT = 7;

export const stats = defineCommand({
  name: 'stats',
  summary: 'Shows what was said in the last days, of a company or with one of its clients',
  flags: {
    company: { type: 'string', value: 'ID', help: 'the company (needed)' },
    client: { type: 'string', value: 'ID', help: 'only this client' },
    days: { type: 'string', value: 'N', help: `up to today (default ${DAYS_DEFAULT})` },
    by: { type: 'string', value: 'day|hour', help: 'how long the buckets are (default day)' },
    'time-zone': { type: 'string', value: 'ZONE', help: 'where days begin (default TIME_ZONE)' },
    ...jsonFlag,
  },
  schema: z
    .object({
      operands: z.tuple([], { error: 'takes no arguments; name the company by --company' }),
      company: z.string({ error: 'is needed' }).min(1),
      client: z.string().min(1).optional(),
      days: Days.default(DAYS_DEFAULT),
      by: StatsRequest.shape.by.default('day'),
      'time-zone': StatsRequest.shape.timeZone.optional(),
      json: z.boolean().default(false),
    })
    .refine(({ by, days }) => by === 'day' || days <= STATS_HOURLY_DAYS_MAX, {
      path: ['days'],
      error: `must be at most ${STATS_HOURLY_DAYS_MAX} with --by hour`,
    }),
  async run({ company: companyId, client: clientId, days, by, json, ...rest }, context) {
    return withInstallation(context, async ({ wiring, config }) => {
      await wiring.migrate();
      const timeZone = rest['time-zone'] ?? config.timeZone;
      const found = await wiring.getMessageStats({ companyId, clientId, days, timeZone, by });
      context.print(json ? JSON.stringify(found) : show(found, by));
      return 0;
    });
  },
});

function show(found: MessageStats, by: StatsRequest['by']): string {
  const { messages, waits } = found;
  const busiest = Math.max(1, ...found.buckets.map(totalOf));
  return [
    table(
      [`${by} in ${found.timeZone}`, 'user', 'bot', 'agent', 'conversations', 'clients', ''],
      found.buckets.map((bucket) => [
        labelOf(bucket.from, found.timeZone, by),
        bucket.messages.user,
        bucket.messages.bot,
        bucket.messages.agent,
        bucket.conversationsActive,
        bucket.clients,
        bar(totalOf(bucket) / busiest),
      ]),
    ),
    '',
    `messages       ${totalOf(found)}: ${rolesOf(messages)}`,
    `conversations  ${found.conversationsActive}, of which ${found.conversationsOpened} began`,
    `clients        ${found.clients}`,
    `answered in    ${quantilesOf(waits)}`,
  ].join('\n');
}

type Messages = MessageStats['messages'];

const totalOf = ({ messages: { user, bot, agent, system } }: { messages: Messages }) =>
  user + bot + agent + system;

const rolesOf = (messages: Messages) =>
  Object.entries(messages)
    .map(([role, count]) => `${count} ${role}`)
    .join(', ');

function labelOf(from: string, timeZone: string, by: StatsRequest['by']): string {
  const { day, hour } = localClockOf(timeZone)(Date.parse(from));
  return by === 'day' ? day : `${day} ${String(hour).padStart(2, '0')}:00`;
}

function quantilesOf({ count, p50, p90, p99 }: MessageStats['waits']): string {
  if (p50 === null || p90 === null || p99 === null) return 'nothing was answered';
  return `p50 ${durationOf(p50)}, p90 ${durationOf(p90)}, p99 ${durationOf(p99)}, of ${count} answers`;
}

const BAR_LENGTH = 24;

const bar = (share: number) => '█'.repeat(Math.ceil(share * BAR_LENGTH));
