import { describe, expect, it } from 'vitest';
import { readCsv } from '../../../bin/import/csv.ts';

/** All records of a text, handed over in pieces of so many letters. */
async function read(text: string, { length = 1_000, skip = 0 } = {}) {
  async function* pieces() {
    for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length);
  }
  const records = [];
  for await (const some of readCsv(pieces(), skip)) records.push(...some);
  return records;
}
const valuesOf = async (text: string) => (await read(text)).map(({ values }) => values);

describe('CSV', () => {
  it('takes separators, line breaks and doubled quotes inside of quotes', async () => {
    expect(await valuesOf('a,b\r\n"x, ""y""\r\nz",2\r\n')).toEqual([{ a: 'x, "y"\r\nz', b: '2' }]);
  });

  it.each([1, 2, 3, 7])('reads the same in pieces of %i letters', async (length) => {
    const text = 'a;b;c\r\n1;"two ""2""\n";3\r\n;;\r\n"4";5;6';
    expect(await read(text, { length })).toEqual(await read(text));
    expect(await read(text)).toHaveLength(3);
  });

  it('takes semicolons and tabs where the first line has more of them', async () => {
    expect(await valuesOf('a;b\n1,5;2')).toEqual([{ a: '1,5', b: '2' }]);
    expect(await valuesOf('a\tb\n1\t2')).toEqual([{ a: '1', b: '2' }]);
  });

  it('names the line that a record begins in', async () => {
    const places = (await read('a,b\n"one\ntwo",2\n3,4\n')).map(({ place }) => place);
    expect(places).toEqual(['2', '4']);
  });

  it('goes on behind a line', async () => {
    expect(await read('a\n1\n2\n3\n', { skip: 2 })).toMatchObject([
      { place: '3', values: { a: '2' } },
      { place: '4', values: { a: '3' } },
    ]);
  });

  it('says of a record that has too few fields, or a quote too many', async () => {
    const faults = (await read('a,b\n1\n"x"y,2\n3,4\n"5,6\n')).map(({ fault }) => fault);
    expect(faults).toEqual([
      'has 1 fields instead of 2',
      'has a field whose quotes are not closed well',
      null,
      'has a field whose quotes are not closed well',
    ]);
  });
});
