import {
  addToDay,
  companyDayOf,
  type DayPrint,
  emptyDayPrint,
  isSameDay,
  messagePrint,
  printedOf,
} from '../../domain/message-print.ts';
import { dayOf } from '../../domain/instant.ts';
import type { Message } from '../../domain/message.ts';
import type { Wiring } from '../../wiring.ts';
import type { Progress } from '../progress.ts';
import { mapBatch, type Work } from './store-rows.ts';

type Stored = Pick<Wiring, 'readStoredDays'>;
export type ReadBack = Pick<Work, 'source' | 'toMessage' | 'signal'> & {
  /** How many of its records are stored or refused. */
  readonly read: number;
  readonly progress: Progress;
};

export interface Mismatch {
  readonly companyId: string;
  readonly day: string;
  /** Messages of the source, and how many of them are not stored, or not as they should be. */
  readonly inSource: number;
  readonly missing: number;
  readonly different: number;
  /** One of them. */
  readonly messageId: string;
}

export interface Compared {
  readonly messages: number;
  readonly companies: number;
  readonly days: number;
  /** Where they lie, with all others of these days. */
  readonly tiers: { hot: number; warm: number; cold: number };
  readonly mismatches: readonly Mismatch[];
}

/**
 * Reads the source a second time, and back out of the tiers what is stored: the counts and checksums
 * of each Company and UTC day must be the same. Where they are not, Message is held against Message,
 * for others may have been there already.
 */
export async function compare(wiring: Stored, readBack: ReadBack): Promise<Compared> {
  const wanted = await printSource(readBack);
  const tiers = { hot: 0, warm: 0, cold: 0 };
  const doubtful: DayPrint[] = [];
  const companies = Map.groupBy(wanted, ({ companyId }) => companyId);
  for (const [companyId, prints] of companies) {
    const found = new Map(prints.map(({ day }) => [day, emptyDayPrint(companyId, day)]));
    const days = [...found.keys()].toSorted();
    await wiring.readStoredDays({ companyId, days }, (tier, message) => {
      const print = found.get(dayOf(message.createdAt));
      if (!print) return;
      addToDay(print, message);
      tiers[tier] += 1;
      readBack.progress.advance(1);
    });
    doubtful.push(...prints.filter((one) => !isSameDay(one, found.get(one.day) ?? one)));
  }
  const mismatches: Mismatch[] = [];
  for (const some of portions(doubtful)) {
    mismatches.push(...(await compareEach(wiring, readBack, some)));
  }
  const messages = wanted.reduce((sum, print) => sum + print.messages, 0);
  return { messages, companies: companies.size, days: wanted.length, tiers, mismatches };
}

async function printSource(readBack: ReadBack): Promise<DayPrint[]> {
  const prints = new Map<string, DayPrint>();
  for await (const messages of sourceMessages(readBack)) {
    for (const message of messages) {
      const key = companyDayOf(message);
      let print = prints.get(key);
      if (!print) {
        prints.set(key, (print = emptyDayPrint(message.companyId, dayOf(message.createdAt))));
      }
      addToDay(print, printedOf(message));
    }
    readBack.progress.advance(messages.length);
  }
  return [...prints.values()];
}

/** What was to be stored, up to where it is. */
async function* sourceMessages(readBack: ReadBack): AsyncGenerator<readonly Message[]> {
  const { source, signal } = readBack;
  let left = readBack.read;
  for await (const batch of source.batches(null)) {
    signal.throwIfAborted();
    const records = batch.records.slice(0, left);
    left -= records.length;
    const { messages } = mapBatch({ ...batch, records }, readBack);
    yield messages;
    if (left === 0) return;
  }
}

/** What is held in memory at once, with 16 letters for each. */
const MESSAGES_PER_PASS_MAX = 1_000_000;

/** Days that one more reading of the source is to look at. */
function* portions(days: readonly DayPrint[]): Generator<readonly DayPrint[]> {
  let [some, messages] = [[] as DayPrint[], 0];
  for (const day of days) {
    if (some.length > 0 && messages + day.messages > MESSAGES_PER_PASS_MAX) {
      yield some;
      [some, messages] = [[], 0];
    }
    some.push(day);
    messages += day.messages;
  }
  if (some.length > 0) yield some;
}

async function compareEach(
  wiring: Stored,
  readBack: ReadBack,
  portion: readonly DayPrint[],
): Promise<Mismatch[]> {
  const wanted = await printsById(readBack, portion);
  const found: Mismatch[] = [];
  for (const { companyId, day } of portion) {
    const missing = wanted.get(`${companyId}\n${day}`) ?? new Map<string, string>();
    const inSource = missing.size;
    const different: string[] = [];
    await wiring.readStoredDays({ companyId, days: [day] }, (_, message) => {
      const print = missing.get(message.messageId);
      // Of one that is seen twice, while it moves, the first sight counts.
      if (print === undefined || dayOf(message.createdAt) !== day) return;
      missing.delete(message.messageId);
      if (print !== messagePrint(message)) different.push(message.messageId);
    });
    const [messageId] = [...different, ...missing.keys()];
    if (messageId === undefined) continue;
    const counts = { inSource, missing: missing.size, different: different.length };
    found.push({ companyId, day, ...counts, messageId });
  }
  return found;
}

/** By Company and day, then by messageId: the first of each, as it was stored. */
async function printsById(readBack: ReadBack, portion: readonly DayPrint[]) {
  const prints = new Map(
    portion.map(({ companyId, day }) => [`${companyId}\n${day}`, new Map<string, string>()]),
  );
  for await (const messages of sourceMessages(readBack)) {
    for (const message of messages) {
      const ofDay = prints.get(companyDayOf(message));
      if (!ofDay || ofDay.has(message.messageId)) continue;
      ofDay.set(message.messageId, messagePrint(printedOf(message)));
    }
  }
  return prints;
}
