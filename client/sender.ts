import { bodyOf, receiptsOf } from './answers.ts';
import { aboutMessage, ClientError } from './client-error.ts';
import { callsOf, type OutgoingMessage, pack, type Parcel, type Receipt } from './parcels.ts';
import { persevere, type RetryLimits } from './retries.ts';
import type { Transport } from './transport.ts';

type Receipts = Map<Parcel, Receipt>;

/** Faults of what one call carried; the next may fare better. */
const STATUSES_OF_CONTENT = [400, 413, 422];

/**
 * Hands Messages over, again and again if need be. Each has its id before the first attempt, so it
 * is stored once, however many of them arrive (P2).
 */
export function openSender(transport: Transport, limits: RetryLimits) {
  const post = (body: string, leftMs: number, signal?: AbortSignal) =>
    transport.ask({ method: 'POST', path: 'messages', body }, leftMs, signal);

  async function createMessage(message: OutgoingMessage, signal?: AbortSignal) {
    const { messageId, text } = pack(message);
    const attempt = async (leftMs: number) => {
      const answer = await post(text, leftMs, signal);
      return bodyOf<{ messageId: string }>(answer, 'messageId');
    };
    try {
      return { messageId: (await persevere(limits, attempt, signal)).messageId };
    } catch (error) {
      throw error instanceof ClientError ? aboutMessage(error, messageId) : error;
    }
  }

  async function createMessages(messages: readonly OutgoingMessage[], signal?: AbortSignal) {
    const packed = messages.map(packedOrRefused);
    const receipts: Receipts = new Map();
    let fault: ClientError | null = null;
    for (const call of callsOf(packed.flatMap((one) => ('isAccepted' in one ? [] : one)))) {
      // What stopped one call for good stops the next, too, and is not waited for again.
      if (fault) refuse(call, fault, receipts);
      else fault = await sendCall(call, receipts, signal);
    }
    return packed.flatMap((one) => ('isAccepted' in one ? one : (receipts.get(one) ?? [])));
  }

  /** @returns The fault, if it is one that would stop any other call as well. */
  async function sendCall(call: readonly Parcel[], receipts: Receipts, signal?: AbortSignal) {
    let pending = call;

    async function attempt(leftMs: number): Promise<void> {
      const body = `[${pending.map(({ text }) => text).join(',')}]`;
      const judged = receiptsOf(await post(body, leftMs, signal), pending.length);
      for (const [at, parcel] of pending.entries()) {
        const receipt = judged[at];
        if (receipt?.isAccepted) receipts.set(parcel, receipt);
        else if (receipt) refuse([parcel], receipt.error, receipts);
      }
      pending = pending.filter((_, at) => passingFault(judged[at]));
      const fault = judged.map(passingFault).find((one) => one !== null);
      if (fault) throw fault;
    }

    try {
      await persevere(limits, attempt, signal);
      return null;
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      refuse(pending, error, receipts);
      return STATUSES_OF_CONTENT.includes(error.status ?? 0) ? null : error;
    }
  }

  return { createMessage, createMessages };
}

function refuse(parcels: readonly Parcel[], fault: ClientError, receipts: Receipts): void {
  for (const parcel of parcels) {
    receipts.set(parcel, { isAccepted: false, error: aboutMessage(fault, parcel.messageId) });
  }
}

/** Where another attempt may help, why it is needed. */
function passingFault(receipt: Receipt | undefined): ClientError | null {
  if (!receipt || receipt.isAccepted) return null;
  return receipt.error.retry === 'never' ? null : receipt.error;
}

function packedOrRefused(message: OutgoingMessage): Parcel | Receipt {
  try {
    return pack(message);
  } catch (error) {
    if (error instanceof ClientError) return { isAccepted: false, error };
    throw error;
  }
}
