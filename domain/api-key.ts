import { hash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { Instant } from './instant.ts';

/** What a key may do: read pages, hand Messages over, administer its own Company. */
export const SCOPES = ['read', 'write', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** A key of one Company, as lists show it: without its secret, which nobody can read again. */
export interface ApiKey {
  readonly keyId: string;
  readonly companyId: string;
  readonly scopes: readonly Scope[];
  /** What it is for, in the words of whoever made it; may be empty. */
  readonly label: string;
  readonly createdAt: Instant;
  readonly expiresAt: Instant | null;
  readonly revokedAt: Instant | null;
  /** To within a minute; null if it never was. */
  readonly lastUsedAt: Instant | null;
}

/** What is kept of a key: enough to recognise its token, too little to make it. */
export interface StoredApiKey extends ApiKey {
  /** SHA-256 of the secret. It has 256 random bits, so a slow hash would protect nothing more. */
  readonly secretHash: Buffer;
}

/** A token as it comes in: `cam_ID_SECRET`. */
export interface Token {
  readonly keyId: string;
  readonly secretHash: Buffer;
}

const ID_ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 12;
const SECRET_BYTES = 32;
const TOKEN = /^cam_([0-9a-z]{12})_([A-Za-z0-9_-]{43})$/;

/** Makes the token of a new key. It is shown once, and only `keyId` and `secretHash` are kept. */
export function newToken(): Token & { readonly token: string } {
  const letters = Array.from({ length: ID_LENGTH }, () => ID_ALPHABET[randomInt(36)]);
  const keyId = letters.join('');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return { keyId, secretHash: hashOf(secret), token: `cam_${keyId}_${secret}` };
}

/** @returns Null for what cannot be one of our tokens, so that nobody need look it up. */
export function readToken(text: string): Token | null {
  const [, keyId, secret] = TOKEN.exec(text) ?? [];
  if (keyId === undefined || secret === undefined) return null;
  return { keyId, secretHash: hashOf(secret) };
}

/** Why a key does not open the door; null if it does. */
export type KeyFault = 'unknown' | 'revoked' | 'expired';

/** @param now Milliseconds since 1970. */
export function keyFault(key: StoredApiKey | null, token: Token, now: number): KeyFault | null {
  // Whoever lacks the secret learns nothing about the key, not even that it exists.
  if (!key || !timingSafeEqual(key.secretHash, token.secretHash)) return 'unknown';
  if (key.revokedAt !== null) return 'revoked';
  if (key.expiresAt !== null && Date.parse(key.expiresAt) <= now) return 'expired';
  return null;
}

function hashOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}
