import type { IncomingHttpHeaders } from 'node:http';
import { json, type RequestHandler } from 'express';
import { BODY_TOO_LARGE, RequestFault } from './problem.ts';

export const BODY_BYTES_MAX = 4 * 1024 * 1024;
/** Of all bodies that are being read at once: more is refused, so that memory stays bounded (P8). */
const BODIES_BYTES_MAX = 64 * 1024 * 1024;
/** Messages with metadata of ten levels have twelve. */
const BODY_DEPTH_MAX = 64;

/** Reads the JSON of a body, within bounds. */
export function openBodyReader(): RequestHandler {
  const parse = json({ limit: BODY_BYTES_MAX, type: isJson, verify: checkText });
  let bytesUnderWay = 0;

  return (request, response, next) => {
    if (!isJson(request)) throw notJson();
    const bytes = bytesToCome(request.headers);
    if (bytes > BODY_BYTES_MAX) throw tooLarge(); // Not waited for, as the parser would.
    if (bytesUnderWay + bytes > BODIES_BYTES_MAX) throw tooBusy();
    bytesUnderWay += bytes;
    response.once('close', () => (bytesUnderWay -= bytes));
    parse(request, response, next);
  };
}

/** Without a length, and packed, it may be anything up to the limit. */
function bytesToCome(headers: IncomingHttpHeaders): number {
  const { 'content-length': length, 'content-encoding': encoding = 'identity' } = headers;
  return encoding === 'identity' && length !== undefined ? Number(length) : BODY_BYTES_MAX;
}

function isJson({ headers }: { headers: IncomingHttpHeaders }): boolean {
  return /^application\/json *(;|$)/i.test(headers['content-type'] ?? '');
}

function checkText(_request: unknown, _response: unknown, body: Buffer, charset: string): void {
  if (charset.toLowerCase() !== 'utf-8') throw notUtf8();
  checkDepth(body);
}

const [QUOTE, BACKSLASH] = ['"'.charCodeAt(0), '\\'.charCodeAt(0)];
const [OPENING, CLOSING] = [[...Buffer.from('{[')], [...Buffer.from('}]')]];

/**
 * Before it is parsed: what is nested a million deep is slow to look at, whoever looks. In UTF-8 each
 * bracket and quote is one byte, and no byte of another letter.
 */
function checkDepth(body: Buffer): void {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at] ?? 0;
    if (byte === QUOTE) isText = !isText;
    else if (isText) at += byte === BACKSLASH ? 1 : 0;
    else if (OPENING.includes(byte)) depth += 1;
    else if (CLOSING.includes(byte)) depth -= 1;
    if (depth > BODY_DEPTH_MAX) throw new Error('nested too deeply'); // See `problem.ts`.
  }
}

const notJson = () =>
  new RequestFault('MEDIA_TYPE_UNSUPPORTED', 'content-type: must be application/json');

/** What the parser throws for other charsets, too. See `problem.ts`. */
const notUtf8 = () => Object.assign(new Error('not UTF-8'), { type: 'charset.unsupported' });

const tooLarge = () => new RequestFault('BODY_TOO_LARGE', BODY_TOO_LARGE);

const tooBusy = () =>
  new RequestFault('OVERLOADED', 'too many large requests at once; send this one again', {
    retry: { afterMs: 1_000 },
  });
