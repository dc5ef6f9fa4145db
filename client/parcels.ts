import type { NewMessage } from '../domain/message.ts';
import { newMessageId } from '../domain/message-id.ts';
import { ClientError } from './client-error.ts';

/** A Message as the chatbot hands it over. Its Company is the key's, whether it is named or not. */
export type OutgoingMessage = Omit<NewMessage, 'companyId'> & { readonly companyId?: string };

/** A Message ready to be sent, and sent again: its id and its moment will not change any more. */
export interface Parcel {
  readonly messageId: string;
  /** JSON. */
  readonly text: string;
  readonly bytes: number;
}

/** What became of one of many Messages. */
export type Receipt =
  | { readonly isAccepted: true; readonly messageId: string }
  | { readonly isAccepted: false; readonly error: ClientError };

const PARCELS_PER_CALL_MAX = 500;
const BYTES_PER_CALL_MAX = 2 * 1024 * 1024;

/** @throws ClientError `MESSAGE_INVALID` if it cannot be written as JSON. */
export function pack(message: OutgoingMessage): Parcel {
  const { messageId = newMessageId(), createdAt = new Date() } = message;
  try {
    const text = JSON.stringify({ ...message, messageId, createdAt });
    return { messageId, text, bytes: Buffer.byteLength(text) };
  } catch (cause) {
    const detail = 'metadata: cannot be written as JSON (a cycle or a BigInt?)';
    const about = { field: 'metadata', messageId, cause };
    throw new ClientError('MESSAGE_INVALID', detail, about);
  }
}

/** Parts what is too much for one call, in order. One that is too large goes alone. */
export function callsOf(parcels: readonly Parcel[]): Parcel[][] {
  const calls: Parcel[][] = [];
  let call: Parcel[] = [];
  let bytes = 0;
  for (const parcel of parcels) {
    const isFull =
      call.length === PARCELS_PER_CALL_MAX || bytes + parcel.bytes > BYTES_PER_CALL_MAX;
    if (isFull || call.length === 0) {
      call = [];
      bytes = 0;
      calls.push(call);
    }
    call.push(parcel);
    bytes += parcel.bytes + 1; // And a comma.
  }
  return calls;
}
