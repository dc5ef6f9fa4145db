import type { SourceRecord, Values } from './source.ts';

const LINE_LENGTH_MAX = 16 * 1024 * 1024;

/** JSON Lines: one object in each line; empty lines are passed over. */
export async function* readJsonLines(
  pieces: AsyncIterable<string>,
  skip: number,
): AsyncGenerator<SourceRecord[]> {
  let number = 0;
  for await (const lines of linesOf(pieces)) {
    const records: SourceRecord[] = [];
    for (const line of lines) {
      number += 1;
      if (number > skip && line.trim() !== '') records.push(recordOf(line, number));
    }
    yield records;
  }
}

async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string[]> {
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_LENGTH_MAX) {
      throw new Error(`a line is longer than ${LINE_LENGTH_MAX} characters; is this JSON Lines?`);
    }
    yield lines;
  }
  yield [rest];
}

function recordOf(line: string, number: number): SourceRecord {
  const place = String(number);
  const value = parseJson(line);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isObject) return { place, values: value as Values, fault: null };
  return { place, values: null, fault: 'is not a JSON object; write one object per line' };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
