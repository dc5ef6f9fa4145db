import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { openFileSource } from '../bin/import/file-source.ts';
import { fingerprintOf, mapSource, openMapper } from '../bin/import/mapping.ts';
import { openRejects } from '../bin/import/rejects.ts';
import { type Imported, runImport } from '../bin/import/run-import.ts';
import { RECORDS_AT_ONCE } from '../bin/import/store-rows.ts';
import { readConfig } from '../config.ts';
import { openWiring } from '../wiring.ts';
import { readDialogues } from './dialogues.ts';
import { figureOf, report } from './figures.ts';
import { openBenchHouse } from './house.ts';
import { legacyYear } from './legacy-year.ts';

/** How fast does an older history come in, until it lies in all three tiers and was compared? */

const HELP = `./scripts.sh bench import [DIALOGUES…] [--messages N] [--companies N] [--rounds N] [--json]

Writes a year of messages as JSON Lines and imports it into an empty installation, as
migrate-messages does: into hot, warm and cold, months of several pieces put together, all compared.

  DIALOGUES…    JSON Lines, also .gz, whose texts are taken (default: those of the demo)
  --messages N  how many messages (default 500000)
  --companies N of so many companies (default 3)
  --rounds N    rounds, at least 1 (default 3)
  --json        the figures as one JSON object on the last line`;

const { values: flags, positionals: texts } = parseArgs({
  allowPositionals: true,
  options: {
    messages: { type: 'string', default: '500000' },
    companies: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const WANTED_MSGS_PER_S = 20_000;

if (flags.help) process.stdout.write(`${HELP}\n`);
else await main(Math.max(1, Number(flags.rounds) || 3));

async function main(rounds: number): Promise<void> {
  const [messages, companies] = [Number(flags.messages), Number(flags.companies)];
  const dir = await mkdtemp(join(import.meta.dirname, '..', '.camadas', 'import-'));
  try {
    const file = join(dir, 'history.jsonl');
    const lines = legacyYear(readDialogues(texts), { messages, companies, endsAt: Date.now() });
    await pipeline(Readable.from(lines), createWriteStream(file));
    const measured: Imported[] = [];
    let conditions: Record<string, unknown> = {};
    for (let nth = 1; nth <= rounds; nth += 1) {
      const round = await measureRound(file, pathToFileURL(join(dir, `archive-${nth}`)).href);
      process.stderr.write(`round ${nth} of ${rounds}: ${JSON.stringify(round.imported)}\n`);
      measured.push(round.imported);
      conditions = round.conditions;
    }
    const figures = figuresOf(measured);
    conditions = { rounds, messages, companies, ...conditions };
    await report({ bench: 'import', figures, conditions, isJson: flags.json });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** In an installation of its own, so that every round begins alike. */
async function measureRound(file: string, archiveUrl: string) {
  const house = await openBenchHouse({ fleetProcesses: 0 });
  const env = { ...house.env, HOT_HOURS: '24', WARM_DAYS: '30', ARCHIVE_URL: archiveUrl };
  const wiring = openWiring(readConfig(env));
  try {
    await wiring.migrate();
    const source = await openFileSource([file]);
    const mapping = mapSource(source, { rules: {}, roles: {} });
    const work = {
      source,
      toMessage: openMapper(mapping, Date.now()),
      fingerprint: fingerprintOf(source, mapping),
      rejects: openRejects(undefined),
      recordsAtOnce: RECORDS_AT_ONCE,
      signal: new AbortController().signal,
    };
    const imported = await runImport(wiring, work, { isCompared: true });
    expectWhole(imported);
    return { imported, conditions: await house.conditions() };
  } finally {
    await wiring.close();
    await house.close();
  }
}

/** A figure of messages that are not all there, in every tier, would be worth nothing. */
function expectWhole({ read, stored, compared }: Imported): void {
  const { hot = 0, warm = 0, cold = 0 } = compared?.tiers ?? {};
  const isWhole =
    stored === read && hot + warm + cold === read && compared?.mismatches.length === 0;
  if (!isWhole || hot * warm * cold === 0) {
    throw new Error(`of ${read} messages ${hot} are hot, ${warm} warm, ${cold} cold`);
  }
}

function figuresOf(measured: readonly Imported[]) {
  const rate = (secondsOf: (imported: Imported) => number, goal: { atLeast: number } | null) =>
    figureOf(
      measured.map((one) => one.read / secondsOf(one)),
      'msgs/s',
      goal,
    );
  return {
    import_msgs_per_s: rate(({ seconds }) => seconds.store + seconds.move + seconds.compact, {
      atLeast: WANTED_MSGS_PER_S,
    }),
    rows_msgs_per_s: rate(({ seconds }) => seconds.store, null),
    compared_msgs_per_s: rate(({ seconds }) => seconds.compare, null),
  };
}
