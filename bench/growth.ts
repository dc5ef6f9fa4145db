import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { quantile } from '../bin/quantile.ts';
import { readConfig } from '../config.ts';
import { dayOf, instantOf } from '../domain/instant.ts';
import type { Message } from '../domain/message.ts';
import { openWiring, type Wiring } from '../wiring.ts';
import { type Dialogue, openDays, readDialogues } from './dialogues.ts';
import { figureOf, report } from './figures.ts';
import { type BenchHouse, openBenchHouse } from './house.ts';
import { shuffled } from './load.ts';
import { repeat, say } from './rounds.ts';
import { storeHistory } from './store-history.ts';
import { openYear } from './year.ts';

/** Does an installation get slower as it fills? */

const HELP = `./scripts.sh bench growth [DIALOGUES…] [--days N] [--rounds N] [--json]

Two installations on servers of their own, with 100,000 messages a day: one has lived a day, the other
100 days, so that 10 million messages lie in its tiers. In each round both live another day; compared are
  persist       messages stored per second
  page_p99      newest pages of conversations of that day, in no cache, asked of both in turn
  archive       messages of the day before moved from hot to warm, and on to cold, per second

  DIALOGUES…    JSON Lines, also .gz, whose texts are taken (default: those of the demo)
  --days N      how long the older one has lived (default 100)
  --rounds N    rounds, at least 1 (default 3)
  --json        the figures as one JSON object on the last line`;

const { values: flags, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    days: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const COMPANY = 'growing';
const MESSAGES_PER_DAY = 100_000;
const PAGES = 2_000;
const DAY_MS = 86_400_000;
const FIRST_DAY = '2026-01-01';
const signal = new AbortController().signal;
const KINDS = ['young', 'grown'] as const;
type Kind = (typeof KINDS)[number];

if (flags.help) process.stdout.write(`${HELP}\n`);
else await main(Number(flags.days) || 100, Math.max(1, Number(flags.rounds) || 3));

async function main(days: number, rounds: number): Promise<void> {
  const dialogues = readDialogues(files);
  const houses = {
    young: await openLived(dialogues, 1),
    grown: await openLived(dialogues, days),
  };
  try {
    const measured = await repeat(rounds, () => measureRound(houses));
    await report({
      bench: 'growth',
      figures: figuresOf(measured),
      conditions: {
        rounds,
        messagesPerDay: MESSAGES_PER_DAY,
        messagesAtFirst: { young: MESSAGES_PER_DAY, grown: days * MESSAGES_PER_DAY },
        ...(await houses.grown.house.conditions()),
      },
      isJson: flags.json,
    });
  } finally {
    await houses.young.close();
    await houses.grown.close();
  }
}

interface Lived {
  readonly house: BenchHouse;
  readonly wiring: Wiring;
  /** Stores the Messages of the next day. */
  storeDay(): Promise<{ messages: readonly Message[]; seconds: number }>;
  /** Moves the Messages of the day before the last one to warm, and on to cold. */
  archiveDay(): Promise<{ seconds: number }>;
  close(): Promise<void>;
}

async function openLived(dialogues: readonly Dialogue[], days: number): Promise<Lived> {
  const house = await openBenchHouse({ fleetProcesses: 0 });
  const folder = await mkdtemp(join(import.meta.dirname, '..', '.camadas', 'growth-'));
  const wiring = openWiring(readConfig({ ...house.env, ARCHIVE_URL: pathToFileURL(folder).href }));
  await wiring.migrate(); // And writes the ages, so that what is filled in is hot.
  const companies = [COMPANY];
  const shape = { companies, firstDay: FIRST_DAY, messagesPerDay: MESSAGES_PER_DAY };
  const year = openYear(wiring, dialogues, shape);
  for (let day = 1; day <= days; day += 1) {
    await year.liveDay();
    if (day % 10 === 0) say(`has lived ${day} of ${days} days`);
  }

  const nextDay = openDays(dialogues);
  let at = Date.parse(`${FIRST_DAY}T00:00:00Z`) + days * DAY_MS;
  return {
    house,
    wiring,
    async storeDay() {
      const messages = nextDay({
        companies,
        day: dayOf(instantOf(at)),
        messages: MESSAGES_PER_DAY,
      });
      at += DAY_MS;
      const timed = await secondsOf(() => storeHistory(wiring, messages));
      return { messages, seconds: timed };
    },
    async archiveDay() {
      const [before, day] = [instantOf(at - DAY_MS), dayOf(instantOf(at - 2 * DAY_MS))];
      const { move } = wiring.archive;
      const options = { signal, breathe: async () => {} };
      return {
        seconds: await secondsOf(async () => {
          await move({ companyId: COMPANY, tier: 'hot', before }, options);
          await move({ companyId: COMPANY, tier: 'warm', day }, options);
        }),
      };
    },
    async close() {
      await wiring.close();
      await house.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1_000;
}

type Measured = Record<Kind, { persist: number; pageMs: number; archive: number }>;

async function measureRound(houses: Record<Kind, Lived>): Promise<Measured> {
  const stored = { young: await houses.young.storeDay(), grown: await houses.grown.storeDay() };
  const pageMs = await askPages(houses, {
    young: conversationsOf(stored.young.messages),
    grown: conversationsOf(stored.grown.messages),
  });
  const archived = {
    young: await houses.young.archiveDay(),
    grown: await houses.grown.archiveDay(),
  };
  const of = (kind: Kind) => ({
    persist: MESSAGES_PER_DAY / stored[kind].seconds,
    pageMs: pageMs[kind],
    archive: MESSAGES_PER_DAY / archived[kind].seconds,
  });
  return { young: of('young'), grown: of('grown') };
}

function conversationsOf(messages: readonly Message[]): string[] {
  const ids = [...new Set(messages.map(({ conversationId }) => conversationId))];
  return shuffled(ids).slice(0, PAGES);
}

/** One page of each in turn, so that whatever else the machine does happens to both. */
async function askPages(
  houses: Record<Kind, Lived>,
  conversations: Record<Kind, readonly string[]>,
): Promise<Record<Kind, number>> {
  const took: Record<Kind, number[]> = { young: [], grown: [] };
  for (let nth = 0; nth < PAGES; nth += 1) {
    for (const kind of KINDS) {
      const conversationId = conversations[kind][nth % conversations[kind].length] ?? '';
      const startedAt = performance.now();
      const request = { companyId: COMPANY, conversationId, limit: 50 };
      const { messages } = await houses[kind].wiring.findMessages(request);
      took[kind].push(performance.now() - startedAt);
      if (messages.length === 0) throw new Error('the page is empty');
    }
  }
  return { young: quantile(took.young, 0.99), grown: quantile(took.grown, 0.99) };
}

function figuresOf(rounds: readonly Measured[]) {
  const ratio = (what: keyof Measured[Kind]) =>
    rounds.map(({ young, grown }) => grown[what] / young[what]);
  const grown = (what: keyof Measured[Kind]) => rounds.map((round) => round.grown[what]);
  return {
    growth_persist_ratio: figureOf(ratio('persist'), 'ratio', { atLeast: 0.85 }),
    growth_page_p99_ratio: figureOf(ratio('pageMs'), 'ratio', { atMost: 1.15 }),
    growth_archive_ratio: figureOf(ratio('archive'), 'ratio', { atLeast: 0.85 }),
    grown_persist_msgs_per_s: figureOf(grown('persist'), 'msgs/s'),
    grown_page_p99_ms: figureOf(grown('pageMs'), 'ms'),
    grown_archive_rows_per_s: figureOf(grown('archive'), 'rows/s'),
  };
}
