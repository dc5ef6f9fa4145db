import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { patterns } from '../../bin/commands/patterns.ts';
import { stats } from '../../bin/commands/stats.ts';
import type { Command } from '../../bin/command.ts';
import { gatherInsights, type Insights } from '../../bin/insights.ts';
import { readPlantedDialogues } from '../../bin/planted-dialogues.ts';
import { plantHistory } from '../../bin/planted-history.ts';
import { castSamples } from '../../bin/play.ts';
import { readSamples } from '../../bin/samples.ts';
import { showInsights } from '../../bin/show-insights.ts';
import type { FoundPatterns } from '../../domain/patterns/request.ts';
import type { MessageStats } from '../../domain/stats.ts';
import { ALL_HOT, openTestHouse, type TestHouse } from '../house.ts';

const CLI = join(import.meta.dirname, '..', '..', 'bin', 'cli.ts');
const MESSAGES_AT_ONCE = 500;
const signal = new AbortController().signal;
const now = Date.now();
const history = plantHistory(readPlantedDialogues(), now);
const played = castSamples(readSamples(), now);

let house: TestHouse;
let insights: Insights;
beforeAll(async () => {
  house = await openTestHouse();
  const messages = [...played, ...history.conversations].flat();
  for (let at = 0; at < messages.length; at += MESSAGES_AT_ONCE) {
    await house.wiring.deps.storeMessages(messages.slice(at, at + MESSAGES_AT_ONCE), signal);
  }
  insights = await gatherInsights(house, { played, history, signal });
}, 120_000);
afterAll(() => house?.close());

async function run(...args: string[]) {
  const { mysqlUrl, queueRedisUrl, cacheRedisUrl, keyPrefix } = house.config;
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: tmpdir(),
    env: {
      ...process.env,
      ...ALL_HOT,
      MYSQL_URL: mysqlUrl,
      QUEUE_REDIS_URL: queueRedisUrl,
      CACHE_REDIS_URL: cacheRedisUrl,
      KEY_PREFIX: keyPrefix,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [printed, said, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { printed, said, status: Number(status) };
}

/** In this process: it opens nothing before its flags are checked. */
async function runHere(command: Command, ...args: string[]): Promise<number> {
  const [print, say] = [() => {}, () => {}];
  return command.run(args, { env: {}, home: tmpdir(), print, say, signal });
}

describe('what the demo shows', () => {
  it('finds all that was planted', () => {
    expect(insights.planted.filter(({ isFound }) => !isFound)).toEqual([]);
    expect(insights.planted).toHaveLength(7);
  });

  it('counts every Message of every Company', () => {
    const sent = Map.groupBy([...played, ...history.conversations].flat(), (one) => one.companyId);
    expect(insights.stats.map(({ companyId }) => companyId).toSorted()).toEqual(
      [...sent.keys()].toSorted(),
    );
    for (const { companyId, messages, conversationsActive } of insights.stats) {
      const own = sent.get(companyId) ?? [];
      expect(messages.user).toBe(own.filter(({ role }) => role === 'user').length);
      expect(messages.bot).toBe(own.filter(({ role }) => role === 'bot').length);
      expect(messages.agent).toBe(own.filter(({ role }) => role === 'agent').length);
      expect(conversationsActive).toBe(new Set(own.map((one) => one.conversationId)).size);
    }
  });

  it('summarizes all Conversations, and shows a Portuguese and an English one', () => {
    expect(insights.summarized).toBe(played.length + history.conversations.length);
    expect(insights.summaries.map(({ language }) => language)).toEqual(['pt', 'en']);
    const shown = showInsights(insights);
    for (const { summary } of insights.summaries) expect(shown).toContain(summary);
    expect(shown).toMatch(/^a peak on Mondays at 10:00 +yes$/m);
    expect(shown).toMatch(/^netpitanga +\d+ +\d+ +\d+ /m);
  });
});

describe('stats', () => {
  it('shows buckets of the time zone with a bar each, and their sum', async () => {
    const zone = ['--time-zone', history.timeZone];
    const { printed, status } = await run('stats', '--company', history.companyId, ...zone);
    expect(status).toBe(0);
    const bars = printed.split('\n').filter((line) => /^\d{4}-\d\d-\d\d .* █+$/.test(line));
    expect(bars.length).toBeGreaterThanOrEqual(6);
    expect(printed).toMatch(/^day in America\/Sao_Paulo /);
    expect(printed).toMatch(/^answered in {4}p50 \d+ s, p90 \d+ s, p99 .+ of \d+ answers$/m);
  });

  it('prints JSON, also of one client by the hour', async () => {
    const named = ['--company', history.companyId, '--client', history.clientAtRisk];
    const { printed } = await run('stats', ...named, '--days', '10', '--by', 'hour', '--json');
    const found = JSON.parse(printed) as MessageStats;
    expect(found.conversationsOpened).toBe(readPlantedDialogues().falling.length);
    expect(found.buckets.length).toBeGreaterThan(9 * 24);
    expect(found.timeZone).toBe('UTC');
  });
});

describe('patterns', () => {
  const named = ['patterns', '--company', history.companyId, '--time-zone', history.timeZone];

  it('looks for them where nobody did, tells what it found last, and looks anew with --fresh', async () => {
    const first = await run(...named, '--days', '119', '--json');
    const found = JSON.parse(first.printed) as FoundPatterns;
    expect(found.peakHours?.peaks[0]).toMatchObject({ weekday: 1, hour: 10 });
    expect((await run(...named, '--days', '119', '--json')).printed).toBe(first.printed);

    const fresh = await run(...named, '--days', '119', '--fresh');
    expect(fresh.status).toBe(0);
    expect(fresh.printed).toMatch(/^- Clients write most on Mondays at 10:00 .+ observations\)$/m);
    expect(fresh.printed).toMatch(/by the clock of America\/Sao_Paulo; looked for at \S+$/m);
    expect(fresh.printed).not.toContain(found.foundAt);
  }, 60_000);

  it('says when there is no such company', async () => {
    const answer = await run('patterns', '--company', 'nobody');
    expect(answer).toMatchObject({ status: 1, printed: '', said: 'no messages\n' });
  });
});

describe('flags that cannot be', () => {
  it.each([
    [stats, [], '--company: is needed; see ./scripts.sh stats --help'],
    [stats, ['--days', '0'], '--days: must be at least 1; see ./scripts.sh stats --help'],
    [stats, ['--days', 'x'], '--days: must be a whole number; see ./scripts.sh stats --help'],
    [stats, ['--days', '367'], '--days: must be at most 366; see ./scripts.sh stats --help'],
    [stats, ['--by', 'week'], '--by: must be day or hour; see ./scripts.sh stats --help'],
    [
      stats,
      ['--by', 'hour', '--days', '32'],
      '--days: must be at most 31 with --by hour; see ./scripts.sh stats --help',
    ],
    [
      patterns,
      ['--time-zone', '+03:00'],
      '--time-zone: must be an IANA time zone, like America/Sao_Paulo; see ./scripts.sh patterns --help',
    ],
    [
      patterns,
      ['--days', '1.5'],
      '--days: must be a whole number; see ./scripts.sh patterns --help',
    ],
  ])('are refused with one sentence: %#', async (command, args, sentence) => {
    const company = args.length > 0 ? ['--company', 'padaria'] : [];
    await expect(runHere(command, ...company, ...args)).rejects.toThrow(sentence);
  });
});
