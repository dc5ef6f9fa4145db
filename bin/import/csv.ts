import type { SourceRecord } from './source.ts';

/** A record and the line it begins in. */
interface Row {
  readonly line: number;
  readonly fields: string[];
  readonly isBroken: boolean;
}

const RECORD_LENGTH_MAX = 16 * 1024 * 1024;

/**
 * CSV (RFC 4180): fields in quotes may hold separators, line breaks and doubled quotes; lines end in
 * CRLF or LF. The first record names the columns. The separator is whichever of `,`, `;` and tab the
 * first line has most of.
 */
export async function* readCsv(
  pieces: AsyncIterable<string>,
  skip: number,
): AsyncGenerator<SourceRecord[]> {
  let columns: readonly string[] | null = null;
  for await (const rows of rowsOf(pieces)) {
    const records: SourceRecord[] = [];
    for (const row of rows) {
      if (columns === null) columns = row.fields.map((name) => name.trim());
      else if (row.line > skip && !isEmpty(row)) records.push(recordOf(row, columns));
    }
    yield records;
  }
}

const isEmpty = ({ fields }: Row) => fields.length === 1 && fields[0] === '';

function recordOf({ line, fields, isBroken }: Row, columns: readonly string[]): SourceRecord {
  const place = String(line);
  if (isBroken)
    return { place, values: null, fault: 'has a field whose quotes are not closed well' };
  if (fields.length !== columns.length) {
    const fault = `has ${fields.length} fields instead of ${columns.length}`;
    return { place, values: null, fault };
  }
  const values: Record<string, unknown> = {};
  for (const [at, column] of columns.entries()) values[column] = fields[at];
  return { place, values, fault: null };
}

async function* rowsOf(pieces: AsyncIterable<string>): AsyncGenerator<Row[]> {
  let text = '';
  let line = 1;
  let separator: string | null = null;
  for await (const piece of pieces) {
    text += piece;
    separator ??= separatorOf(text);
    if (separator === null) continue;
    const cut = cutRows(text, { separator, line, isLast: false });
    yield cut.rows;
    text = text.slice(cut.length);
    line = cut.line;
    if (text.length > RECORD_LENGTH_MAX) {
      throw new Error(
        `line ${line}: a record is longer than ${RECORD_LENGTH_MAX} characters; a quote may be missing`,
      );
    }
  }
  if (text !== '') yield cutRows(text, { separator: separator ?? ',', line, isLast: true }).rows;
}

/** Null while the first line is not there yet. */
function separatorOf(text: string): string | null {
  const end = text.indexOf('\n');
  if (end < 0) return null;
  const first = text.slice(0, end);
  const counts = [',', ';', '\t'].map((sign) => ({ sign, count: first.split(sign).length }));
  return counts.reduce((a, b) => (b.count > a.count ? b : a)).sign;
}

/** All records that end within a text. */
function cutRows(
  text: string,
  { separator, line, isLast }: { separator: string; line: number; isLast: boolean },
): { rows: Row[]; length: number; line: number } {
  const rows: Row[] = [];
  let [at, from, fields, startLine] = [0, 0, [] as string[], line];
  let [lineNow, isBroken] = [line, false];
  for (;;) {
    const field = cutField(text, at, separator);
    const isOpen = field.end >= text.length;
    if (isOpen && !isLast) return { rows, length: from, line: startLine };
    fields.push(field.value);
    lineNow += field.lines;
    isBroken ||= field.isBroken;
    at = field.end + 1;
    if (!isOpen && text[field.end] === separator) continue;
    rows.push({ line: startLine, fields, isBroken });
    lineNow += 1;
    [from, startLine, fields, isBroken] = [at, lineNow, [], false];
    if (at >= text.length) return { rows, length: from, line: startLine };
  }
}

interface CutField {
  readonly value: string;
  /** Where its separator or line break stands. */
  readonly end: number;
  /** Line breaks within. */
  readonly lines: number;
  /** Its quote is not closed, or something stands behind it. */
  readonly isBroken: boolean;
}

function cutField(text: string, at: number, separator: string): CutField {
  return text[at] === '"' ? cutQuoted(text, at, separator) : cutPlain(text, at, separator);
}

function cutQuoted(text: string, at: number, separator: string): CutField {
  let close = text.indexOf('"', at + 1);
  while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
  if (close < 0) return { value: text.slice(at + 1), end: text.length, lines: 0, isBroken: true };
  const value = text.slice(at + 1, close).replaceAll('""', '"');
  const lines = value.split('\n').length - 1;
  const tail = cutPlain(text, close + 1, separator);
  return { value, end: tail.end, lines, isBroken: tail.value !== '' };
}

function cutPlain(text: string, at: number, separator: string): CutField {
  let end = at;
  while (end < text.length && text[end] !== separator && text[end] !== '\n') end += 1;
  const isCrlf = end > at && text[end - 1] === '\r' && text[end] !== separator;
  return { value: text.slice(at, isCrlf ? end - 1 : end), end, lines: 0, isBroken: false };
}
