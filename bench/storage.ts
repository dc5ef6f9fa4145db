import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { readConfig } from '../config.ts';
import { openWiring, type Wiring } from '../wiring.ts';
import { describeDialogues, readDialogues } from './dialogues.ts';
import { figureOf, report } from './figures.ts';
import { openFlatTable } from './flat-table.ts';
import { type BenchHouse, openBenchHouse } from './house.ts';
import prices from './prices.json' with { type: 'json' };
import { say } from './rounds.ts';
import { openYear } from './year.ts';

/** What does a year of Messages take on disk, and cost, beside the flat table an ORM makes? */

const HELP = `./scripts.sh bench storage [DIALOGUES…] [--days N] [--per-day N] [--json]

Lives an installation of three companies day by day as the fleet does, and gives the first half million
messages to a flat table, too. At the end one day is hot, 29 are warm and all others cold. Measured are the sizes of the
files: MySQL's tablespaces, and the objects of the archive. A year is one day hot, 29 warm and 335 cold
at the bytes a message that each tier has by then. Costs by bench/prices.json.

  DIALOGUES…    JSON Lines, also .gz, whose texts are taken (default: those of the demo, which repeat
                within hours and so compress better than real ones)
  --days N      how many days it lives (default 61, of which a month is cold)
  --per-day N   messages a day (default 40000)
  --json        the figures as one JSON object on the last line`;

const { values: flags, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    days: { type: 'string', default: '61' },
    'per-day': { type: 'string', default: '40000' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const COMPANIES = ['amber-atlas', 'birch-bay', 'cobalt-cup'];
const FIRST_DAY = '2025-01-01';
/** Days of a year by the tier they lie in at its end. */
const YEAR = { hot: 1, warm: 29, cold: 335 } as const;
/** Then its bytes a message are known, and it would only get slower: it outgrows MySQL's memory. */
const FLAT_MESSAGES_MIN = 500_000;
const GB = 1e9;
const DAYS_PER_MONTH = 30;

if (flags.help) process.stdout.write(`${HELP}\n`);
else await main(Number(flags.days) || 61, Number(flags['per-day']) || 40_000);

async function main(days: number, messagesPerDay: number): Promise<void> {
  const house = await openBenchHouse({ fleetProcesses: 0 });
  const folder = await mkdtemp(join(import.meta.dirname, '..', '.camadas', 'storage-'));
  const wiring = openWiring(readConfig({ ...house.env, ARCHIVE_URL: pathToFileURL(folder).href }));
  const flat = await openFlatTable(house.config.mysqlUrl, 'text');
  try {
    await wiring.migrate(); // And writes the ages, so that what is filled in is hot.
    const dialogues = readDialogues(files);
    const shape = { companies: COMPANIES, firstDay: FIRST_DAY, messagesPerDay };
    const year = openYear(wiring, dialogues, shape);
    for (let day = 1; day <= days; day += 1) {
      const isMeasuredFlat = (day - 1) * messagesPerDay < FLAT_MESSAGES_MIN;
      await year.liveDay(isMeasuredFlat ? flat.insert : undefined);
      if (day % 30 === 0 || day === days) say(`day ${day} of ${days}`);
    }
    await wiring.archive.removeRetired(0);
    const measured = { ...(await measure(house, wiring)), messagesPerDay };
    await report({
      bench: 'storage',
      figures: figuresOf(measured),
      conditions: {
        days,
        messagesPerDay,
        companies: COMPANIES.length,
        texts: describeDialogues(dialogues),
        messages: measured.messages,
        fileBytes: measured.fileBytes,
        prices,
        ...(await house.conditions()),
      },
      isJson: flags.json,
    });
  } finally {
    await flat.close();
    await wiring.close();
    await house.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Measured {
  readonly messages: Record<'hot' | 'warm' | 'cold' | 'flat', number>;
  readonly bytes: Record<'hot' | 'warm' | 'cold' | 'names' | 'flat', number>;
  readonly putsPerDay: number;
  readonly messagesPerDay: number;
  /** By table. */
  readonly fileBytes: Record<string, number>;
}

async function measure(
  house: BenchHouse,
  wiring: Wiring,
): Promise<Omit<Measured, 'messagesPerDay'>> {
  const { counts, faults } = await wiring.verify({
    isDeep: true,
    signal: AbortSignal.timeout(1e9),
  });
  if (faults.length > 0) throw new Error(faults[0]?.sentence);
  const bytesOf = await readFileSizes(house);
  const [flat] = (
    await sql<{ messages: string }>`select count(*) as messages from flat_messages`.execute(
      house.db,
    )
  ).rows;
  const archive = await house.db
    .selectFrom('segments')
    .select((eb) => [eb.fn.sum('size_bytes').as('bytes'), eb.fn.countAll().as('segments')])
    .where('state', '=', 'live')
    .executeTakeFirstOrThrow();
  const own = ['messages_hot', 'messages_warm', 'warm_activity', 'flat_messages'];
  const names = [...bytesOf.keys()].filter((table) => !own.includes(table));
  const sum = (tables: readonly string[]) =>
    tables.reduce((total, table) => total + (bytesOf.get(table) ?? 0), 0);
  return {
    messages: { ...counts, flat: Number(flat?.messages) },
    bytes: {
      hot: sum(['messages_hot']),
      warm: sum(['messages_warm', 'warm_activity']),
      cold: Number(archive.bytes),
      names: sum(names),
      flat: sum(['flat_messages']),
    },
    fileBytes: Object.fromEntries(bytesOf),
    putsPerDay: COMPANIES.length * (1 + 1 / DAYS_PER_MONTH), // A day's Segment, and a month's.
  };
}

/** What the file of each table takes, in bytes. */
async function readFileSizes({ db }: BenchHouse): Promise<Map<string, number>> {
  const { rows } = await sql<{ folder: string }>`
    select concat(@@datadir, database()) as folder`.execute(db);
  const folder = rows[0]?.folder ?? '';
  const sizes = new Map<string, number>();
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.ibd')) continue;
    sizes.set(basename(file, '.ibd'), (await stat(join(folder, file))).size);
  }
  return sizes;
}

function figuresOf({ messages, bytes, putsPerDay, messagesPerDay }: Measured) {
  const all = messages.hot + messages.warm + messages.cold;
  const each = {
    hot: bytes.hot / messages.hot,
    warm: bytes.warm / messages.warm,
    cold: bytes.cold / messages.cold,
    names: bytes.names / all,
    flat: bytes.flat / messages.flat,
  };
  // Of a year, for each message of a day.
  const [mysql, cold] = [each.hot * YEAR.hot + each.warm * YEAR.warm, each.cold * YEAR.cold];
  const days = YEAR.hot + YEAR.warm + YEAR.cold;
  const [names, flat] = [each.names * days, each.flat * days];
  const puts = (putsPerDay * DAYS_PER_MONTH) / messagesPerDay;
  return {
    year_bytes_ratio: figureOf([(mysql + cold) / flat], 'ratio', { atMost: 0.06 }),
    year_cost_ratio: figureOf(
      [costPerMonth(mysql, cold, puts) / costPerMonth(flat, 0, 0)],
      'ratio',
    ),
    // With conversations, clients, Ledger and Catalogue, of which the flat table has none.
    all_tables_ratio: figureOf([(mysql + cold + names) / flat], 'ratio'),
    hot_bytes: perMessage(each.hot),
    warm_bytes: perMessage(each.warm),
    cold_bytes: perMessage(each.cold),
    names_bytes: perMessage(each.names),
    flat_bytes: perMessage(each.flat),
  };
}

function perMessage(value: number) {
  return figureOf([value], 'bytes a message');
}

function costPerMonth(mysqlBytes: number, objectBytes: number, puts: number): number {
  return (
    (mysqlBytes / GB) * prices.mysqlGbMonth +
    (objectBytes / GB) * prices.objectGbMonth +
    (puts / 1_000) * prices.objectPutsPer1000
  );
}
