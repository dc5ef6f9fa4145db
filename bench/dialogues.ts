import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readSamples } from '../bin/samples.ts';
import { instantOf } from '../domain/instant.ts';
import { type Message, ROLES } from '../domain/message.ts';
import { newMessageId } from '../domain/message-id.ts';
import { seeded } from './load.ts';

/** What was said in one conversation, by whom. */
export type Dialogue = readonly { readonly role: string; readonly text: string }[];

/** The dialogues of JSON Lines files, also .gz, or those of the demo. */
export function readDialogues(files: readonly string[]): Dialogue[] {
  if (files.length === 0) return readSamples().map(({ turns }) => turns);
  return files.flatMap((file) => {
    const bytes = readFileSync(file);
    const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
    const lines = text.split('\n').filter(Boolean);
    return lines.map((line) => (JSON.parse(line) as { turns: Dialogue }).turns);
  });
}

/** What a benchmark says of them, as texts that repeat compress better than real ones. */
export function describeDialogues(dialogues: readonly Dialogue[]) {
  const turns = dialogues.flat();
  const letters = turns.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  return {
    dialogues: dialogues.length,
    turns: turns.length,
    bytesPerText: Math.round(letters / turns.length),
  };
}

const TURN_MS = 20_000;
const DAY_MS = 86_400_000;
const CLIENTS = 5_000;

export interface DayShape {
  readonly companies: readonly string[];
  /** `YYYY-MM-DD` */
  readonly day: string;
  /** How many Messages, of all Companies together. */
  readonly messages: number;
}

/**
 * Days of Conversations, one after the other: each day begins where the dialogues of the day before
 * ended, so that a text comes again as late as possible.
 */
export function openDays(dialogues: readonly Dialogue[]) {
  const random = seeded(42);
  let number = 0;
  /** @returns In the order in which they were said; Conversations begin at random moments. */
  return function nextDay({ companies, day, messages }: DayShape): Message[] {
    const said: Message[] = [];
    const midnight = Date.parse(`${day}T00:00:00Z`);
    while (said.length < messages) {
      number += 1;
      const turns = dialogues[number % dialogues.length] ?? [];
      const startedAt = midnight + random() * (DAY_MS - turns.length * TURN_MS);
      const of = {
        companyId: companies[number % companies.length] ?? '',
        clientId: `+55119${String((number * 7_919) % CLIENTS).padStart(8, '0')}`,
        conversationId: randomUUID(),
      };
      for (const [nth, { role, text: content }] of turns.entries()) {
        const createdAt = instantOf(Math.floor(startedAt + nth * TURN_MS));
        said.push({ ...of, messageId: newMessageId(), role: roleOf(role), content, createdAt });
      }
    }
    return said.toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  };
}

function roleOf(name: string): Message['role'] {
  return ROLES.find((role) => role === name) ?? 'user';
}
