import {
  type FlatKey,
  type FlatRow,
  type FlatTable,
  keyOf,
  openFlatSource,
} from '../../db/flat-source.ts';
import { UsageError } from '../command.ts';
import { guessColumns, REQUIRED_FIELDS } from './guesses.ts';
import {
  type Batch,
  RECORDS_PER_BATCH_MAX,
  SAMPLES_MAX,
  type Source,
  TEXT_PER_BATCH_MAX,
} from './source.ts';

/**
 * Opens a flat table of a MySQL or MariaDB.
 *
 * @param options.table Its name; absent: the one that looks most like messages.
 */
export async function openTableSource(options: {
  url: string;
  table: string | undefined;
}): Promise<Source> {
  const { host, pathname } = new URL(options.url);
  const database = decodeURIComponent(pathname.slice(1));
  if (database === '')
    throw new UsageError('--from: name the database, as in mysql://host/database');
  const flat = openFlatSource(options.url);
  try {
    const table = chooseTable(await flat.listTables(), options.table);
    const read = (after: FlatKey | null, limit: number) => flat.readPage(table, after, limit);
    const samples = await flat.readPage(table, null, SAMPLES_MAX);
    return {
      name: `table ${database}.${table.name} on ${host}`,
      identity: `${host}/${database}/${table.name}`,
      columns: table.columns,
      samples,
      total: () => table.rows,
      batches: (after) => readBatches(table, `${database}.${table.name}`, { after, read }),
      close: flat.close,
    };
  } catch (error) {
    await flat.close();
    throw error;
  }
}

async function* readBatches(
  table: FlatTable,
  origin: string,
  from: {
    after: string | null;
    read(after: FlatKey | null, limit: number): Promise<readonly FlatRow[]>;
  },
): AsyncGenerator<Batch> {
  const after = from.after === null ? null : (JSON.parse(from.after) as FlatKey);
  let reading = from.read(after, SAMPLES_MAX); // However long its rows are.
  for (;;) {
    const rows = await reading;
    const last = rows.at(-1);
    if (!last) return;
    const position = keyOf(table, last);
    reading = from.read(position, limitAfter(rows)); // While these are being stored.
    reading.catch(() => {}); // Whoever stops here does not wait for it.
    const records = rows.map((values) => {
      return { place: keyOf(table, values).join(), values, fault: null };
    });
    yield { origin, records, position: JSON.stringify(position) };
  }
}

/** As many rows as hold no more text than a batch may, if they are as long as the ones before. */
function limitAfter(rows: readonly FlatRow[]): number {
  let text = 0;
  for (const row of rows) {
    for (const value of Object.values(row)) if (typeof value === 'string') text += value.length;
  }
  const wanted = Math.floor((TEXT_PER_BATCH_MAX / Math.max(1, text)) * rows.length);
  return Math.max(1, Math.min(RECORDS_PER_BATCH_MAX, wanted));
}

function chooseTable(tables: readonly FlatTable[], wanted: string | undefined): FlatTable {
  const chosen =
    wanted === undefined ? guessTable(tables) : tables.find((one) => one.name === wanted);
  if (!chosen) {
    const names = tables.map(({ name }) => name).join(', ') || 'none';
    throw new UsageError(`--table: there is no table ${wanted}; there are: ${names}`);
  }
  if (chosen.keyColumns.length === 0) {
    throw new UsageError(
      `table ${chosen.name} has no primary key and no unique one, so its rows have no order to go on in; add one`,
    );
  }
  return chosen;
}

/** The one table in which most of a message is found by name; of two alike the larger one. */
function guessTable(tables: readonly FlatTable[]): FlatTable {
  const scored = tables.map((table) => ({ table, score: scoreOf(table) }));
  const best = scored.toSorted((a, b) => b.score - a.score || b.table.rows - a.table.rows).at(0);
  if (best && best.score > 0) return best.table;
  const names = tables.map(({ name }) => name).join(', ') || 'none';
  throw new UsageError(`--table: no table looks like messages; name one of: ${names}`);
}

function scoreOf({ name, columns }: FlatTable): number {
  const guessed = guessColumns(columns);
  const found = REQUIRED_FIELDS.filter((field) => guessed[field] !== undefined).length;
  if (!guessed.content || !guessed.createdAt) return 0;
  return found * 2 + (/message/i.test(name) ? 3 : 0);
}
