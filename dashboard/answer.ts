import { hash } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Answer } from './route.ts';

/** Sends what a route answered: JSON with a validator, or nothing. */
export function sendAnswer(request: Request, response: Response, answer: Answer): void {
  response.statusCode = answer.status;
  if (!('bytes' in answer || 'body' in answer)) {
    response.end();
    return;
  }
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  const bytes = 'bytes' in answer ? answer.bytes : Buffer.from(JSON.stringify(answer.body));
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (!isRead || answer.status !== 200) {
    sendJson(response, bytes);
    return;
  }
  const etag = etagOf(bytes);
  response.setHeader('etag', etag);
  // Kept by whoever asked, and asked for again each time: what comes then is fresh (P5).
  response.setHeader('cache-control', 'private, no-cache');
  if (matches(request.headers['if-none-match'], etag)) {
    response.statusCode = 304;
    response.end();
    return;
  }
  sendJson(response, bytes);
}

export function sendJson(response: Response, bytes: Buffer, type = 'application/json'): void {
  response.setHeader('content-type', `${type}; charset=utf-8`);
  response.setHeader('content-length', bytes.length);
  response.end(bytes);
}

/** Pages of the cache stay the same bytes for many readers: each is hashed once. */
const etags = new WeakMap<Buffer, string>();

/** Weak: what is sent compressed has other bytes, and the same meaning. */
function etagOf(bytes: Buffer): string {
  const known = etags.get(bytes);
  if (known !== undefined) return known;
  const etag = `W/"${hash('sha1', bytes, 'base64url')}"`;
  etags.set(bytes, etag);
  return etag;
}

/** RFC 9110 §13.1.2: a list of validators, or a star. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header === '*' || header.split(',').some((one) => one.trim() === etag);
}
