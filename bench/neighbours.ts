import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { quantile } from '../bin/quantile.ts';
import { readConfig } from '../config.ts';
import type { ArchiveBatch } from '../domain/archive.ts';
import { dayOf, instantOf } from '../domain/instant.ts';
import { newMessageId } from '../domain/message-id.ts';
import { openWiring, type Wiring } from '../wiring.ts';
import { openDays, readDialogues } from './dialogues.ts';
import { figureOf, report } from './figures.ts';
import { openBenchHouse } from './house.ts';
import { shuffled } from './load.ts';
import { happenAtRandom } from './open-loop.ts';
import { readFlags, say } from './rounds.ts';
import { storeHistory } from './store-history.ts';

/** How much do those who store and read feel that a million Messages move? */

const HELP = `./scripts.sh bench neighbours [--seconds N] [--json]

Fills in a million messages of two days ago, and moves them to warm and to cold as the fleet does, in a
process of its own, resting every few seconds. All the while messages are stored, and newest pages
are read, at random moments at a steady rate. Compared is the p99 while it moves with that while it rests.

  --seconds N   how long it moves, and how long it rests (default 8)
  --json        the figures as one JSON object on the last line`;

const COMPANY = 'busy';
const MESSAGES = 1_000_000;
const STORES_PER_SECOND = 20;
const MESSAGES_PER_STORE = 20;
const PAGES_PER_SECOND = 50;
const DAY_MS = 86_400_000;
/** What the archiver has begun when it is told to rest, it ends. */
const ENDING_SECONDS = 2;

const flags = readFlags(HELP, { rounds: 1, seconds: 8 });
if (flags) await main(flags.seconds, flags.isJson);

async function main(seconds: number, isJson: boolean): Promise<void> {
  const house = await openBenchHouse({ fleetProcesses: 0 });
  const folder = await mkdtemp(join(import.meta.dirname, '..', '.camadas', 'neighbours-'));
  const env = { ...house.env, ARCHIVE_URL: pathToFileURL(folder).href };
  const wiring = openWiring(readConfig(env));
  try {
    await wiring.migrate(); // And writes the ages, so that what is filled in is hot.
    const filled = await fill(wiring);
    const measured = await measure({ wiring, env, seconds, ...filled });
    await report({
      bench: 'neighbours',
      figures: figuresOf(measured),
      conditions: {
        messages: MESSAGES,
        storesPerSecond: STORES_PER_SECOND,
        messagesPerStore: MESSAGES_PER_STORE,
        pagesPerSecond: PAGES_PER_SECOND,
        seconds,
        ...(await house.conditions()),
      },
      isJson,
    });
  } finally {
    await wiring.close();
    await house.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Filled {
  /** The day that is to move, and how many Messages it has. */
  readonly day: string;
  readonly stored: number;
  /** Conversations of today. */
  readonly young: readonly string[];
}

async function fill(wiring: Wiring): Promise<Filled> {
  const nextDay = openDays(readDialogues([]));
  const day = dayOf(instantOf(Date.now() - 2 * DAY_MS));
  const today = dayOf(instantOf(Date.now()));
  const shape = { companies: [COMPANY], day, messages: MESSAGES };
  const stored = await storeHistory(wiring, nextDay(shape));
  const young = nextDay({ companies: [COMPANY], day: today, messages: MESSAGES / 10 });
  await storeHistory(wiring, young);
  say(`stored ${stored} messages to be moved`);
  return { day, stored, young: shuffled([...new Set(young.map((one) => one.conversationId))]) };
}

interface Latencies {
  readonly persist: number[];
  readonly page: number[];
}

/** For what is not to be counted. */
function unseen(): Latencies {
  return { persist: [], page: [] };
}

interface Measured {
  readonly moving: Latencies;
  readonly resting: Latencies;
  readonly rowsPerSecond: number;
}

async function measure(
  given: Filled & { wiring: Wiring; env: NodeJS.ProcessEnv; seconds: number },
): Promise<Measured> {
  const { wiring, env, seconds, day, stored, young } = given;
  const before = instantOf(Date.parse(`${day}T00:00:00Z`) + DAY_MS);
  const batches: ArchiveBatch[] = [
    { companyId: COMPANY, tier: 'hot', before },
    { companyId: COMPANY, tier: 'warm', day },
  ];
  const archiver = startArchiver(batches, env);
  const moving: Latencies = { persist: [], page: [] };
  const resting: Latencies = { persist: [], page: [] };
  await live(wiring, young, { seconds, into: unseen() }); // The code has run once.
  let movingSeconds = 0;
  while (!archiver.hasEnded()) {
    await live(wiring, young, { seconds, into: resting });
    archiver.say('go');
    const startedAt = performance.now();
    await live(wiring, young, { seconds, into: moving });
    movingSeconds += (performance.now() - startedAt) / 1_000;
    archiver.say('rest');
    say(`moved ${archiver.moved()} of ${2 * stored}`);
    await live(wiring, young, { seconds: ENDING_SECONDS, into: unseen() });
  }
  if (archiver.moved() !== 2 * stored) throw new Error(`${archiver.moved()} were moved`);
  return { moving, resting, rowsPerSecond: archiver.moved() / movingSeconds };
}

function startArchiver(batches: readonly ArchiveBatch[], env: NodeJS.ProcessEnv) {
  const file = join(import.meta.dirname, 'archiver.ts');
  const child = fork(file, [JSON.stringify(batches)], { env });
  let moved = 0;
  child.on('message', (told: { moved: number }) => (moved += told.moved));
  return {
    say: (word: 'go' | 'rest') => child.connected && child.send(word),
    moved: () => moved,
    hasEnded: () => child.exitCode !== null,
  };
}

async function live(
  wiring: Wiring,
  young: readonly string[],
  { seconds, into }: { seconds: number; into: Latencies },
): Promise<void> {
  const pick = () => young[Math.floor(Math.random() * young.length)] ?? '';
  const store = async (intendedAt: number) => {
    const messages = Array.from({ length: MESSAGES_PER_STORE }, () => ({
      companyId: COMPANY,
      clientId: 'client-1',
      conversationId: pick(),
      messageId: newMessageId(),
      role: 'user' as const,
      content: 'Bom dia! O pedido já saiu para entrega?',
      createdAt: instantOf(Date.now()),
    }));
    await wiring.deps.storeMessages(messages, AbortSignal.timeout(60_000));
    into.persist.push(performance.now() - intendedAt);
  };
  const read = async (intendedAt: number) => {
    await wiring.findMessages({ companyId: COMPANY, conversationId: pick(), limit: 50 });
    into.page.push(performance.now() - intendedAt);
  };
  await Promise.all([
    happenAtRandom({ perSecond: STORES_PER_SECOND, seconds, act: store }),
    happenAtRandom({ perSecond: PAGES_PER_SECOND, seconds, act: read }),
  ]);
}

function figuresOf({ moving, resting, rowsPerSecond }: Measured) {
  const ratio = (what: keyof Latencies) =>
    figureOf([p99(moving[what]) / p99(resting[what])], 'ratio', { atMost: 1.25 });
  return {
    persist_p99_ratio: ratio('persist'),
    page_p99_ratio: ratio('page'),
    persist_p99_ms: single(p99(moving.persist), 'ms'),
    resting_persist_p99_ms: single(p99(resting.persist), 'ms'),
    page_p99_ms: single(p99(moving.page), 'ms'),
    resting_page_p99_ms: single(p99(resting.page), 'ms'),
    persist_p50_ratio: single(
      quantile(moving.persist, 0.5) / quantile(resting.persist, 0.5),
      'ratio',
    ),
    moved_rows_per_s: single(rowsPerSecond, 'rows/s'),
  };
}

function p99(values: readonly number[]): number {
  return quantile(values, 0.99);
}

function single(value: number, unit: string) {
  return figureOf([value], unit);
}
