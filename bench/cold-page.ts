import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { quantile } from '../bin/quantile.ts';
import { readConfig } from '../config.ts';
import { openFooters } from '../db/cold/footers.ts';
import { type OpenCold, openCold } from '../db/cold/open-cold.ts';
import type { ColdStore } from '../db/cold/store.ts';
import { openNames } from '../db/names.ts';
import { findPage } from '../db/read.ts';
import type { CheckedPageRequest } from '../domain/page.ts';
import { openWiring } from '../wiring.ts';
import { describeDialogues, type Dialogue, openDays, readDialogues } from './dialogues.ts';
import { figureOf, report } from './figures.ts';
import { type BenchHouse, openBenchHouse } from './house.ts';
import { shuffled } from './load.ts';
import { type BenchFlags, readFlags, repeat, say } from './rounds.ts';
import { storeHistory } from './store-history.ts';

/** What does a page cost that lies in the archive, in a Segment of half a million Messages? */

const HELP = `./scripts.sh bench cold-page [DIALOGUES…] [--rounds N] [--json]

Moves a day of 500,000 messages of one company into one Segment in a local folder, and reads pages of
50 out of it through the read path, MySQL's part included, one at a time:
  cold_page              of a conversation, by a process that has read nothing of the Segment before
  known_segment          the same, by one that has read its table of contents
  client_page            of a client, who had several conversations
  company_page           the newest and older ones of the whole company

  DIALOGUES…    JSON Lines, also .gz, whose texts are taken (default: those of the demo)
  --rounds N    rounds, at least 1 (default 3)
  --json        the figures as one JSON object on the last line`;

const MESSAGES = 500_000;
const COMPANY = 'archived';
const DAY = '2026-03-10';
const NEXT_DAY = '2026-03-11T00:00:00.000Z';
const PAGES_OF_KIND = 200;
/** They are not what is promised, and take long. */
const COMPANY_PAGES = 10;
const KIB = 1_024;
const signal = new AbortController().signal;

const flags = readFlags(HELP, { rounds: 3, seconds: 1 });
if (flags) await main(flags);

async function main({ rounds, files, isJson }: BenchFlags): Promise<void> {
  const house = await openBenchHouse({ fleetProcesses: 0 });
  const folder = await mkdtemp(join(import.meta.dirname, '..', '.camadas', 'cold-page-'));
  try {
    const archiveUrl = pathToFileURL(folder).href;
    const { conditions, people } = await fill(house, {
      archiveUrl,
      dialogues: readDialogues(files),
    });
    const cold = openCold(archiveUrl);
    if (!cold) throw new Error('there is no cold tier');
    const measured = await repeat(rounds, () => measureRound(house, cold, people));
    await cold.close();
    await report({
      bench: 'cold-page',
      figures: figuresOf(measured),
      conditions: { rounds, ...conditions, ...(await house.conditions()) },
      isJson,
    });
  } finally {
    await house.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface People {
  readonly conversationIds: readonly string[];
  readonly clientIds: readonly string[];
}

async function fill(
  house: BenchHouse,
  { archiveUrl, dialogues }: { archiveUrl: string; dialogues: readonly Dialogue[] },
) {
  const shape = { companies: [COMPANY], day: DAY, messages: MESSAGES };
  const messages = openDays(dialogues)(shape).slice(0, MESSAGES);
  const wiring = openWiring(readConfig({ ...house.env, ARCHIVE_URL: archiveUrl }));
  try {
    await wiring.migrate(); // And writes the ages, so that what is filled in is hot.
    await storeHistory(wiring, messages);
    say(`stored ${messages.length} messages`);
    const move = (batch: Parameters<typeof wiring.archive.move>[0]) =>
      wiring.archive.move(batch, { signal, breathe: async () => {} });
    await move({ companyId: COMPANY, tier: 'hot', before: NEXT_DAY });
    const { moved } = await move({ companyId: COMPANY, tier: 'warm', day: DAY });
    if (moved !== MESSAGES) throw new Error(`of ${MESSAGES} messages ${moved} went cold`);
  } finally {
    await wiring.close();
  }
  const segments = await house.db
    .selectFrom('segments')
    .select(['row_count as rows', 'size_bytes as bytes', 'footer_bytes as footerBytes'])
    .execute();
  const people = {
    conversationIds: [...new Set(messages.map((message) => message.conversationId))],
    clientIds: [...new Set(messages.map((message) => message.clientId))],
  };
  return { conditions: { texts: describeDialogues(dialogues), segments }, people };
}

interface Cost {
  readonly ms: number;
  readonly reads: number;
  readonly kib: number;
}

type Kind = 'first' | 'known' | 'client' | 'company';
type Round = Record<Kind, readonly Cost[]>;

async function measureRound(house: BenchHouse, cold: OpenCold, people: People): Promise<Round> {
  const names = openNames(house.db);
  const store = counted(cold.store);
  const footers = openFooters(store);
  const ask = async (request: Omit<CheckedPageRequest, 'companyId' | 'limit'>, isFirst = false) => {
    const tier = { ...cold, store, footers: isFirst ? openFooters(store) : footers };
    const page = { companyId: COMPANY, limit: 50, ...request };
    const before = store.count();
    const startedAt = performance.now();
    const found = await findPage({ db: house.db, names, cold: tier }, page);
    const ms = performance.now() - startedAt;
    if (!found.tiers.includes('cold')) throw new Error('the page does not come from the archive');
    if (found.page.messages.length === 0) throw new Error('the page is empty');
    const { reads, bytes } = store.count();
    const cost = { ms, reads: reads - before.reads, kib: (bytes - before.bytes) / KIB };
    return { cost, cursor: found.page.before };
  };

  const conversations = shuffled(people.conversationIds).slice(0, PAGES_OF_KIND);
  const clients = shuffled(people.clientIds).slice(0, PAGES_OF_KIND);
  await ask({ conversationId: conversations[0] ?? '' }); // The code has run once.
  const costs: Record<Kind, Cost[]> = { first: [], known: [], client: [], company: [] };
  for (const conversationId of conversations) {
    costs.first.push((await ask({ conversationId }, true)).cost);
    costs.known.push((await ask({ conversationId })).cost);
  }
  for (const clientId of clients) costs.client.push((await ask({ clientId })).cost);
  for (let nth = 0, before: string | null = null; nth < COMPANY_PAGES; nth += 1) {
    const asked = await ask(before === null ? {} : { before });
    costs.company.push(asked.cost);
    before = asked.cursor;
  }
  return costs;
}

/** A store that counts what is read of it. */
function counted(store: ColdStore) {
  let [reads, bytes] = [0, 0];
  return {
    ...store,
    read(key: string, range: { from: number; to: number }) {
      reads += 1;
      bytes += range.to - range.from;
      return store.read(key, range);
    },
    count: () => ({ reads, bytes }),
  };
}

function figuresOf(rounds: readonly Round[]) {
  const p99 = (kind: Kind) =>
    rounds.map((round) =>
      quantile(
        round[kind].map(({ ms }) => ms),
        0.99,
      ),
    );
  const most = (kind: Kind, what: 'reads' | 'kib') =>
    rounds.map((round) => Math.max(...round[kind].map((cost) => cost[what])));
  return {
    cold_page_ms: figureOf(p99('first'), 'ms', { atMost: 50 }),
    cold_page_reads: figureOf(most('first', 'reads'), 'reads', { atMost: 4 }),
    cold_page_kib: figureOf(most('first', 'kib'), 'KiB', { atMost: 256 }),
    known_segment_ms: figureOf(p99('known'), 'ms'),
    known_segment_kib: figureOf(most('known', 'kib'), 'KiB'),
    client_page_ms: figureOf(p99('client'), 'ms'),
    client_page_kib: figureOf(most('client', 'kib'), 'KiB'),
    company_page_ms: figureOf(p99('company'), 'ms'),
    company_page_kib: figureOf(most('company', 'kib'), 'KiB'),
  };
}
