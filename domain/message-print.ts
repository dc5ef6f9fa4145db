import { hash } from 'node:crypto';
import { dayOf } from './instant.ts';
import type { Message } from './message.ts';

/** What is compared of a Message, with its metadata as the JSON text it is stored as. */
export type Printed = Omit<Message, 'companyId' | 'metadata'> & {
  readonly metadata: string | null;
};

export function printedOf({ metadata, ...message }: Message): Printed {
  return { ...message, metadata: metadata === undefined ? null : JSON.stringify(metadata) };
}

/** Two Messages have the same print only if every field is the same: 64 bits of SHA-256, in hex. */
export function messagePrint(message: Printed): string {
  // Only the content may hold line breaks, and it comes last: no two Messages read the same.
  const { messageId, conversationId, clientId, role, createdAt, metadata, content } = message;
  const text = `${messageId}\n${conversationId}\n${clientId}\n${role}\n${createdAt}\n${metadata ?? ''}\n${content}`;
  return hash('sha256', text).slice(0, 16);
}

/** The Messages of one Company and UTC day, in whatever order they came. */
export interface DayPrint {
  readonly companyId: string;
  readonly day: string;
  messages: number;
  /** The sum of their prints, modulo 2⁶⁴, in two halves. */
  high: number;
  low: number;
}

export function emptyDayPrint(companyId: string, day: string): DayPrint {
  return { companyId, day, messages: 0, high: 0, low: 0 };
}

export function addToDay(print: DayPrint, message: Printed): void {
  const hex = messagePrint(message);
  const low = print.low + Number.parseInt(hex.slice(8), 16);
  const carry = low > 0xffff_ffff ? 1 : 0;
  print.low = low >>> 0;
  print.high = (print.high + Number.parseInt(hex.slice(0, 8), 16) + carry) >>> 0;
  print.messages += 1;
}

export function isSameDay(a: DayPrint, b: DayPrint): boolean {
  return a.messages === b.messages && a.high === b.high && a.low === b.low;
}

/** Company and day in one. Ids hold no control characters, so a line break keeps them apart. */
export function companyDayOf({ companyId, createdAt }: Message): string {
  return `${companyId}\n${dayOf(createdAt)}`;
}
