import { PipelineError } from './errors.ts';
import { type Instant, instantOf, TIME_MS_MAX } from './instant.ts';

/**
 * A place between Messages, in the one order there is: `(createdAt, messageId)` (P4). It names no
 * tier and no page, so it stays valid while Messages move.
 */
export interface Position {
  readonly createdAt: Instant;
  /** 16 bytes, see `messageKey`. */
  readonly messageKey: Buffer;
}

/** A Position as callers see it: 24 bytes in base64url, to be handed back as it is. */
export type Cursor = string;

const CURSOR = /^[A-Za-z0-9_-]{32}$/;

export function toCursor(position: Position): Cursor {
  const bytes = Buffer.alloc(24);
  bytes.writeBigInt64BE(BigInt(Date.parse(position.createdAt)));
  position.messageKey.copy(bytes, 8);
  return bytes.toString('base64url');
}

/** @throws PipelineError `CURSOR_INVALID` if the text was not made by `toCursor`. */
export function fromCursor(cursor: Cursor): Position {
  if (!CURSOR.test(cursor)) throw cursorInvalid();
  const bytes = Buffer.from(cursor, 'base64url');
  const timeMs = Number(bytes.readBigInt64BE());
  if (timeMs < 0 || timeMs > TIME_MS_MAX) throw cursorInvalid();
  return { createdAt: instantOf(timeMs), messageKey: bytes.subarray(8) };
}

const cursorInvalid = () =>
  new PipelineError(
    'CURSOR_INVALID',
    'cursor: is not one of ours; pass `before` or `after` of a page as it came',
    {
      retry: 'never',
    },
  );
