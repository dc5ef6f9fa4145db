import { describe, expect, it } from 'vitest';
import { fromCursor, type Position, toCursor } from '../../domain/cursor.ts';
import { PipelineError } from '../../domain/errors.ts';
import { instantOf } from '../../domain/instant.ts';
import { messageKey } from '../../domain/message-id.ts';
import { cursorOf } from '../../domain/page.ts';
import { aMessage } from '../house.ts';

describe('a cursor', () => {
  it.each([0, 1, Date.parse('2026-03-01T12:00:00.123Z'), Date.parse('9999-12-31T23:59:59.999Z')])(
    'leads back to the Position it was made of, at %i ms',
    (timeMs) => {
      const position = { createdAt: instantOf(timeMs), messageKey: messageKey('wamid.1') };
      expect(fromCursor(toCursor(position))).toEqual(position);
    },
  );

  it('leads back to the place of its Message', () => {
    const message = aMessage();
    const { createdAt, messageId } = message;
    expect(fromCursor(cursorOf(message))).toEqual({ createdAt, messageKey: messageKey(messageId) });
  });

  it('fits into a URL as it is', () => {
    for (const position of somePositions(500)) {
      const cursor = toCursor(position);
      expect(encodeURIComponent(cursor)).toBe(cursor);
    }
  });

  // Goes red with the key before the time, or the time in little-endian.
  it('P4: holds its Position in the order of (createdAt, messageKey), byte by byte', () => {
    const positions = somePositions(2_000);
    const byCursor = positions.toSorted((a, b) => Buffer.compare(bytesOf(a), bytesOf(b)));
    const byPosition = positions.toSorted(
      (a, b) =>
        Date.parse(a.createdAt) - Date.parse(b.createdAt) ||
        Buffer.compare(a.messageKey, b.messageKey),
    );
    expect(byCursor).toEqual(byPosition);
  });

  it.each([
    ['nothing', ''],
    ['a word', 'abc'],
    ['a letter too few', 'A'.repeat(31)],
    ['a letter too many', 'A'.repeat(33)],
    ['a line break after it', `${'A'.repeat(32)}\n`],
    ['plain base64', `${'A'.repeat(31)}+`],
    ['padding', `${'A'.repeat(31)}=`],
    ['SQL', "' or 1=1 -- aaaaaaaaaaaaaaaaaaaa"],
    ['NUL', '\0'.repeat(32)],
    ['an emoji', '😀'.repeat(16)],
    ['a time before 1970', '_'.repeat(32)],
    ['a time after 9999', toText(Date.parse('9999-12-31T23:59:59.999Z') + 1)],
    ['a time beyond all numbers', `f${'_'.repeat(31)}`],
    ['a megabyte', 'A'.repeat(1_048_576)],
  ])('is refused when it is %s', (_what, text) => {
    const reading = () => fromCursor(text);
    expect(reading).toThrow(PipelineError);
    expect(reading).toThrow(expect.objectContaining({ code: 'CURSOR_INVALID', retry: 'never' }));
  });
});

function toText(timeMs: number): string {
  const bytes = Buffer.alloc(24);
  bytes.writeBigInt64BE(BigInt(timeMs));
  return bytes.toString('base64url');
}

const bytesOf = (position: Position) => Buffer.from(toCursor(position), 'base64url');

/** The same ones in each run. Few moments, so that many lie at one and differ by key alone. */
function somePositions(count: number): Position[] {
  const moments = [0, 1, 255, 256, 65_535, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 3, 1_772_366_400_000];
  return Array.from({ length: count }, (_, at) => ({
    createdAt: instantOf(moments[(at * 7 + (at >> 3)) % moments.length] ?? 0),
    messageKey: messageKey(`seed ${at}`),
  }));
}
