import type { Json } from '@duckdb/node-api';
import { table } from '../table.ts';
import type { Answer } from './duckdb.ts';

export const FORMATS = ['table', 'csv', 'json'] as const;
export type Format = (typeof FORMATS)[number];

/** A table is for eyes, and has to be held as a whole to be drawn. */
const TABLE_ROWS_MAX = 1_000;
const CELL_LENGTH_MAX = 80;

interface Out {
  print(line: string): void;
  say(line: string): void;
}

/** Prints an answer. But for a table, however many rows there are, only some are held. */
export async function writeRows(answer: Answer, format: Format, out: Out): Promise<void> {
  if (format === 'table') return writeTable(answer, out);
  if (format === 'csv') out.print(answer.columns.map(csvCell).join(','));
  for await (const batch of answer.batches) {
    for (const row of batch) out.print(format === 'csv' ? csvLine(row) : jsonLine(answer, row));
  }
}

async function writeTable({ columns, batches }: Answer, out: Out): Promise<void> {
  const rows: (readonly Json[])[] = [];
  let isWhole = true;
  for await (const batch of batches) {
    rows.push(...batch.slice(0, TABLE_ROWS_MAX - rows.length));
    isWhole = rows.length < TABLE_ROWS_MAX;
    if (!isWhole) break;
  }
  const cells = rows.map((row) => row.map((value) => tableCell(value)));
  if (columns.length > 0) out.print(table(columns, cells));
  if (!isWhole) out.say(`the first ${TABLE_ROWS_MAX} rows; --format csv or json prints all`);
}

/** Control characters of a message must not reach the terminal, and a row is a line. */
function tableCell(value: Json): string | number {
  if (typeof value === 'number') return value;
  const text = textOf(value)
    .replaceAll('\n', '⏎')
    .replaceAll(/\p{Cc}/gu, '�');
  return text.length <= CELL_LENGTH_MAX ? text : `${text.slice(0, CELL_LENGTH_MAX - 1)}…`;
}

function textOf(value: Json): string {
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const csvLine = (row: readonly Json[]) => row.map((value) => csvCell(textOf(value))).join(',');

/** RFC 4180. */
function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function jsonLine({ columns }: Answer, row: readonly Json[]): string {
  return JSON.stringify(Object.fromEntries(columns.map((name, at) => [name, row[at] ?? null])));
}
