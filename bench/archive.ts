import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readConfig } from '../config.ts';
import { instantOf } from '../domain/instant.ts';
import { openWiring, type Wiring } from '../wiring.ts';
import { describeDialogues, type Dialogue, openDays, readDialogues } from './dialogues.ts';
import { figureOf, report } from './figures.ts';
import { openFlatTable } from './flat-table.ts';
import { type BenchHouse, openBenchHouse } from './house.ts';
import { openPtArchiver, type PtArchiver } from './pt-archiver.ts';
import { type BenchFlags, readFlags, repeat, say } from './rounds.ts';
import { storeHistory } from './store-history.ts';

/**
 * How fast do messages move to the next tier, against the tool that people use to archive MySQL?
 * Both copy and delete the same messages; ours also reads every copy back and compares it.
 */

const HELP = `./scripts.sh bench archive [DIALOGUES…] [--rounds N] [--json]

Measures rows per second, each against pt-archiver (percona-toolkit) moving the same messages from the
flat table into a compressed copy of it, with the best of the settings that its manual names:
  hot_warm      copied, compared and deleted inside MySQL
  warm_cold     written to Parquet in a local folder, read back, compared, deleted

  DIALOGUES…    JSON Lines, also .gz, whose texts are taken (default: those of the demo)
  --rounds N    rounds, at least 1 (default 3)
  --json        the figures as one JSON object on the last line`;

const MESSAGES = 100_000;
const DAY = '2026-03-10';
const signal = new AbortController().signal;
/** pt-archiver does not pause either. */
const breathe = async () => {};

const flags = readFlags(HELP, { rounds: 3, seconds: 1 });
if (flags) await main(flags);

async function main({ rounds, files, isJson }: BenchFlags): Promise<void> {
  const dialogues = readDialogues(files);
  const house = await openBenchHouse({ fleetProcesses: 0 });
  const folder = await mkdtemp(join(tmpdir(), 'camadas-bench-'));
  const wiring = openWiring(readConfig({ ...house.env, ARCHIVE_URL: pathToFileURL(folder).href }));
  await wiring.migrate(); // And writes the ages, so that what is filled in is hot.
  const flat = await openFlatTable(house.config.mysqlUrl);
  const ptArchiver = await openPtArchiver(house.config.mysqlUrl);
  try {
    const fill = openFill({ wiring, flat, dialogues });
    const tuned = await tune(fill, ptArchiver);
    say(`pt-archiver tuned: --limit ${tuned}`);
    const measured = await repeat(rounds, () => measureRound({ wiring, ptArchiver, tuned, fill }));
    await tell(house, { measured, tuned, texts: describeDialogues(dialogues), isJson });
  } finally {
    await ptArchiver.close();
    await flat.close();
    await wiring.close();
    await rm(folder, { recursive: true, force: true });
    await house.close();
  }
}

type FlatTable = Awaited<ReturnType<typeof openFlatTable>>;
type Fill = () => Promise<string>;

/** @returns Stores the same messages on both sides, of a new Company each time, and says of which. */
function openFill({
  wiring,
  flat,
  dialogues,
}: {
  wiring: Wiring;
  flat: FlatTable;
  dialogues: readonly Dialogue[];
}): Fill {
  const nextDay = openDays(dialogues);
  let filled = 0;
  return async () => {
    filled += 1;
    const companyId = `archived-${filled}`;
    const messages = nextDay({ companies: [companyId], day: DAY, messages: MESSAGES });
    await storeHistory(wiring, messages, (some) => flat.insert(some));
    return companyId;
  };
}

async function tune(fill: Fill, ptArchiver: PtArchiver): Promise<number> {
  let best = { limit: 0, rowsPerSecond: 0 };
  for (const limit of [1_000, 5_000, 20_000]) {
    await fill();
    const { rowsPerSecond } = await ptArchiver.run(limit);
    say(`pt-archiver --limit ${limit}: ${Math.round(rowsPerSecond)} rows/s`);
    if (rowsPerSecond > best.rowsPerSecond) best = { limit, rowsPerSecond };
  }
  return best.limit;
}

interface Measured {
  readonly hotWarm: number;
  readonly warmCold: number;
  readonly ptArchiver: number;
}

async function measureRound(parts: {
  wiring: Wiring;
  ptArchiver: PtArchiver;
  tuned: number;
  fill: Fill;
}): Promise<Measured> {
  const companyId = await parts.fill();
  const { move } = parts.wiring.archive;
  const before = instantOf(Date.parse(`${DAY}T00:00:00Z`) + 86_400_000);
  const timed = async (batch: Parameters<typeof move>[0]) => {
    const startedAt = performance.now();
    const { moved } = await move(batch, { signal, breathe });
    return (moved / (performance.now() - startedAt)) * 1_000;
  };
  const hotWarm = await timed({ companyId, tier: 'hot', before });
  const { rowsPerSecond: ptArchiver } = await parts.ptArchiver.run(parts.tuned);
  const warmCold = await timed({ companyId, tier: 'warm', day: DAY });
  return { hotWarm, warmCold, ptArchiver };
}

async function tell(
  house: BenchHouse,
  {
    measured,
    isJson,
    ...found
  }: { measured: readonly Measured[]; tuned: number; texts: object; isJson: boolean },
): Promise<void> {
  const ratios = (name: 'hotWarm' | 'warmCold') =>
    measured.map((round) => round[name] / round.ptArchiver);
  const rates = (name: keyof Measured) => measured.map((round) => round[name]);
  await report({
    bench: 'archive',
    figures: {
      hot_warm_ratio: figureOf(ratios('hotWarm'), 'ratio', { atLeast: 5 }),
      warm_cold_ratio: figureOf(ratios('warmCold'), 'ratio', { atLeast: 5 }),
      hot_warm_rows_per_s: figureOf(rates('hotWarm'), 'rows/s'),
      warm_cold_rows_per_s: figureOf(rates('warmCold'), 'rows/s'),
      pt_archiver_rows_per_s: figureOf(rates('ptArchiver'), 'rows/s'),
    },
    conditions: {
      rounds: measured.length,
      messages: MESSAGES,
      texts: found.texts,
      ptArchiverLimit: found.tuned,
      ...(await house.conditions()),
    },
    isJson,
  });
}
