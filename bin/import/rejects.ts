import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { MessageFault } from '../../domain/message.ts';
import { type Batch, placeOf, type SourceRecord } from './source.ts';

/** A record that cannot be a Message. */
export interface Reject {
  readonly place: string;
  readonly fault: MessageFault;
  readonly values: SourceRecord['values'];
}

export interface Rejects {
  readonly first: readonly Reject[];
  add(rejects: readonly Reject[]): void;
  close(): Promise<void>;
}

const FIRST_MAX = 10;

/** Remembers the first ones, and writes all into a file if there is to be one, behind what is there. */
export function openRejects(file: string | undefined): Rejects {
  const stream = file === undefined ? null : createWriteStream(file, { flags: 'a' });
  const first: Reject[] = [];
  let fault: Error | null = null;
  stream?.on('error', (error) => (fault ??= error));
  return {
    first,
    add(rejects) {
      if (fault) throw new Error(`--rejects: ${file} cannot be written`, { cause: fault });
      first.push(...rejects.slice(0, FIRST_MAX - first.length));
      for (const {
        place,
        fault: { field, reason },
        values,
      } of rejects) {
        stream?.write(`${JSON.stringify({ place, field, reason, record: values })}\n`);
      }
    },
    async close() {
      stream?.end();
      if (stream) await finished(stream);
    },
  };
}

export function rejectOf(batch: Batch, record: SourceRecord, fault: MessageFault): Reject {
  return { place: placeOf(batch, record), fault, values: record.values };
}

/** One clear sentence. */
export function sentenceOf({ place, fault }: Reject): string {
  return `${place}: ${fault.field} ${fault.reason}`;
}
