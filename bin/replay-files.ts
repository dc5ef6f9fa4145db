import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';
import { instantOf } from '../domain/instant.ts';
import { ID_LENGTH_MAX } from '../domain/message.ts';
import { messageIdOf, messageKey } from '../domain/message-id.ts';
import { UsageError } from './command.ts';

/** What one line of a file holds: Messages yet to be checked, or the reason why it cannot be read. */
export interface ReplayLine {
  /** For people: file and line number. */
  readonly place: string;
  readonly inputs: readonly Record<string, unknown>[];
  readonly fault: string | null;
}

const Dialogue = z.object({
  id: z.string().min(1),
  source: z.string().min(1).optional(),
  turns: z.array(z.object({ role: z.unknown(), text: z.unknown() })),
});

const DAY_MS = 86_400_000;
const TURN_MS = 1_000;
const CLIENTS = 5_000;

/**
 * Reads JSON Lines, gzipped or not: either a dialogue `{ id, source?, turns: [{ role, text }] }` or a
 * plain Message in each line. Dialogues bring neither ids nor times; both are derived from the
 * file's name, its date and the place in it, so the same file gives the same Messages every time.
 *
 * @param companyId Stands in for the Company where a line names none.
 * @throws UsageError If the file cannot be opened.
 */
export async function* readReplayFile(
  file: string,
  companyId: string | undefined,
): AsyncGenerator<ReplayLine> {
  const modifiedAt = await modifiedMs(file);
  const raw = createReadStream(file);
  const input = file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
  raw.on('error', (error) => input.destroy(error));
  let number = 0;
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    number += 1;
    if (text.trim() === '') continue;
    const place = `${basename(file)}:${number}`;
    yield { place, ...readLine(text, { file: basename(file), number, modifiedAt, companyId }) };
  }
}

interface Origin {
  readonly file: string;
  readonly number: number;
  readonly modifiedAt: number;
  readonly companyId: string | undefined;
}

function readLine(text: string, origin: Origin): Omit<ReplayLine, 'place'> {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null) {
    return { inputs: [], fault: 'is not a JSON object; write one object per line' };
  }
  if (!('turns' in value)) return { inputs: [plainMessage({ ...value }, origin)], fault: null };

  const dialogue = Dialogue.safeParse(value);
  if (dialogue.success) return { inputs: messagesOf(dialogue.data, origin), fault: null };
  const issue = dialogue.error.issues[0];
  return { inputs: [], fault: `${issue?.path.join('.')}: ${issue?.message}` };
}

function plainMessage(value: Record<string, unknown>, origin: Origin): Record<string, unknown> {
  const { file, number, companyId } = origin;
  const derived = { messageId: derivedId(`${file}\n${number}`), ...(companyId && { companyId }) };
  return { ...derived, createdAt: instantOf(timeOf(origin, 0)), ...value };
}

function messagesOf(dialogue: z.infer<typeof Dialogue>, origin: Origin): Record<string, unknown>[] {
  const { id, source = 'replay' } = dialogue;
  return dialogue.turns.map(({ role, text }, turn) => ({
    companyId: origin.companyId ?? source,
    clientId: `client-${messageKey(id).readUInt32BE(0) % CLIENTS}`,
    conversationId: conversationIdOf(id),
    messageId: derivedId(`${origin.file}\n${id}\n${turn}`),
    role,
    content: text,
    createdAt: instantOf(timeOf(origin, turn)),
  }));
}

/** Files may name dialogues at any length; what does not fit is cut, and told apart by its hash. */
function conversationIdOf(id: string): string {
  if (id.length <= ID_LENGTH_MAX && id === id.trim()) return id;
  const hash = derivedId(id);
  return `${id.trim().slice(0, ID_LENGTH_MAX - hash.length - 1)}-${hash}`;
}

/** Dialogues begin one after the other within the day before the file was last written. */
function timeOf({ number, modifiedAt }: Origin, turn: number): number {
  return modifiedAt - DAY_MS + ((number * 1_000) % (DAY_MS * 0.9)) + turn * TURN_MS;
}

/** A UUID that depends on nothing but its seed. */
function derivedId(seed: string): string {
  return messageIdOf(messageKey(seed), null);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @throws UsageError If there is no such file. */
export async function checkReplayFile(file: string): Promise<void> {
  await modifiedMs(file);
}

async function modifiedMs(file: string): Promise<number> {
  try {
    return Math.floor((await stat(file)).mtimeMs);
  } catch {
    throw new UsageError(`${file}: cannot be read; check the path`);
  }
}
