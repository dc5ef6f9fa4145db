import * as crypto from 'node:crypto';
import { uuidV7 } from './uuid-v7.ts';

/** Node 22, which a chatbot may run on, has none. */
const { randomUUIDv7 }: Partial<typeof crypto> = crypto;

const CANONICAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A new messageId, ours: UUIDv7, so that ids grow with time and land at the end of an index. */
export function newMessageId(): string {
  return randomUUIDv7 ? randomUUIDv7() : uuidV7(Date.now(), crypto.randomUUID());
}

/** Whether a messageId is its own key, and need not be kept beside it as `external_id`. */
export function isUuid(messageId: string): boolean {
  return CANONICAL_UUID.test(messageId);
}

/**
 * The 16 bytes a Message is known by inside: a lower-case UUID as it stands; anything else hashed
 * to a UUID of version 8 (RFC 9562 §5.8), which no version 4 or 7 can equal.
 */
export function messageKey(messageId: string): Buffer {
  if (isUuid(messageId)) return Buffer.from(messageId.replaceAll('-', ''), 'hex');
  const key = crypto.hash('sha256', messageId, 'buffer').subarray(0, 16);
  key.writeUInt8((key.readUInt8(6) & 0x0f) | 0x80, 6);
  key.writeUInt8((key.readUInt8(8) & 0x3f) | 0x80, 8);
  return key;
}

/** The messageId again, from what is stored. */
export function messageIdOf(key: Buffer, externalId: string | null): string {
  if (externalId !== null) return externalId;
  const hex = key.toString('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return `${parts.join('-')}-${hex.slice(20)}`;
}
