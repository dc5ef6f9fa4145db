import { setTimeout as pause } from 'node:timers/promises';
import { instantOf } from '../domain/instant.ts';
import type { Message } from '../domain/message.ts';
import { newMessageId } from '../domain/message-id.ts';
import type { Client } from '../client/http.ts';
import type { Clients } from './clients.ts';
import { compareAll } from './compare-all.ts';
import { openProgress, type Progress } from './progress.ts';
import { quantile, rounded } from './quantile.ts';
import type { Sample } from './samples.ts';

export interface PlayReport {
  readonly conversations: number;
  readonly companies: number;
  readonly accepted: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly lost: number;
  /** Read back, but not equal in every field or not in its place. */
  readonly altered: number;
  readonly msgsPerSecond: number;
  readonly acceptMsP50: number;
  readonly acceptMsP99: number;
  /** From the call until the message stands in a page. */
  readonly storeMsP50: number;
  readonly storeMsP99: number;
  readonly pageMsP50: number;
  readonly pageMsP99: number;
}

/** Conversations that go on at the same time. */
const PLAYED_AT_ONCE = 32;
const POLL_MS = 10;
const VISIBLE_MS_MAX = 30_000;
const HOUR_MS = 3_600_000;

/**
 * Plays conversations over HTTP as a chatbot would: hands over a turn, sees it in the page, goes on.
 * Then it reads everything back and compares. Each run plays under a number of its own.
 */
export async function play(options: {
  clients: Clients;
  conversations: readonly (readonly Message[])[];
  /** What was said before, and is handed over at once. */
  history: readonly (readonly Message[])[];
  signal: AbortSignal;
  /** What happens before all is read back. */
  beforeReading: () => Promise<void>;
}): Promise<PlayReport> {
  const { conversations, history, clients, signal } = options;
  const progress = openProgress({
    label: 'playing',
    unit: 'messages',
    total: conversations.flat().length,
  });
  const times = { acceptMs: [] as number[], storeMs: [] as number[], pageMs: [] as number[] };
  const startedAt = performance.now();
  await playAll({ ...options, progress, times }).finally(progress.end);
  const seconds = (performance.now() - startedAt) / 1_000;
  const handedOver = await handOver({ clients, history, signal });
  await options.beforeReading();

  const all = [...conversations, ...history];
  const played = times.acceptMs.length;
  return {
    conversations: all.length,
    companies: new Set(all.flat().map((message) => message.companyId)).size,
    accepted: played + handedOver,
    ...(await compareAll(clients, all)),
    msgsPerSecond: Math.round(played / seconds),
    acceptMsP50: rounded(quantile(times.acceptMs, 0.5)),
    acceptMsP99: rounded(quantile(times.acceptMs, 0.99)),
    storeMsP50: rounded(quantile(times.storeMs, 0.5)),
    storeMsP99: rounded(quantile(times.storeMs, 0.99)),
    pageMsP50: rounded(quantile(times.pageMs, 0.5)),
    pageMsP99: rounded(quantile(times.pageMs, 0.99)),
  };
}

/** So far back that some are hot, some warm, and most cold. */
const CAST_DAYS = 120;

/**
 * The Messages of the samples, new ones at each call: within the last 120 days, a few seconds apart;
 * most Conversations of a Company are old, as they are in life.
 *
 * @param now Milliseconds since 1970.
 */
export function castSamples(samples: readonly Sample[], now: number): Message[][] {
  const run = now.toString(36);
  return samples.map((sample, at) => {
    const share = samples.length < 2 ? 0 : at / (samples.length - 1);
    const startedAt = now - HOUR_MS - Math.floor(CAST_DAYS * 24 * HOUR_MS * share ** 2);
    return sample.turns.map(({ role, text }, turn) => ({
      companyId: sample.company,
      clientId: sample.client,
      conversationId: `${sample.id}-${run}`,
      messageId: newMessageId(),
      role,
      content: text,
      createdAt: instantOf(startedAt + turn * 17_000),
      metadata: { channel: 'whatsapp', lang: sample.lang },
    }));
  });
}

interface Times {
  readonly acceptMs: number[];
  readonly storeMs: number[];
  readonly pageMs: number[];
}

async function playAll(options: {
  clients: Clients;
  conversations: readonly (readonly Message[])[];
  progress: Progress;
  signal: AbortSignal;
  times: Times;
}): Promise<void> {
  const { clients, progress, signal, times } = options;
  const waiting = options.conversations.values();

  async function playTurn(message: Message): Promise<void> {
    signal.throwIfAborted();
    const client = await clients(message.companyId);
    const startedAt = performance.now();
    await client.createMessage(message);
    times.acceptMs.push(performance.now() - startedAt);
    if (await becomesVisible(client, message, times.pageMs)) {
      times.storeMs.push(performance.now() - startedAt);
    }
    progress.advance(1);
  }

  async function playOneAfterAnother(): Promise<void> {
    for (const messages of waiting) for (const message of messages) await playTurn(message);
  }

  await Promise.all(Array.from({ length: PLAYED_AT_ONCE }, playOneAfterAnother));
}

/** As the chatbot sees it: the page that it builds its next answer from holds the message. */
async function becomesVisible(
  client: Client,
  { conversationId, messageId }: Message,
  pageMs: number[],
): Promise<boolean> {
  const dueAt = performance.now() + VISIBLE_MS_MAX;
  while (performance.now() < dueAt) {
    const askedAt = performance.now();
    const page = await client.getRecentMessages(conversationId);
    pageMs.push(performance.now() - askedAt);
    if (page.messages.at(-1)?.messageId === messageId) return true;
    await pause(POLL_MS);
  }
  return false; // It will be counted as lost.
}

/** As many as one request takes. */
const HANDED_OVER_AT_ONCE = 500;

/** Each request when the last of the one before stands in its page. Returns how many were accepted. */
async function handOver(options: {
  clients: Clients;
  history: readonly (readonly Message[])[];
  signal: AbortSignal;
}): Promise<number> {
  const { clients, signal } = options;
  const messages = options.history.flat();
  const total = messages.length;
  const progress = openProgress({ label: 'handing over', unit: 'messages', total });
  let accepted = 0;
  try {
    for (let at = 0; at < total; at += HANDED_OVER_AT_ONCE) {
      signal.throwIfAborted();
      const some = messages.slice(at, at + HANDED_OVER_AT_ONCE);
      accepted += await handOverSome(clients, some);
      progress.advance(some.length);
    }
  } finally {
    progress.end();
  }
  return accepted;
}

async function handOverSome(clients: Clients, messages: readonly Message[]): Promise<number> {
  let accepted = 0;
  for (const [companyId, own] of Map.groupBy(messages, (message) => message.companyId)) {
    const client = await clients(companyId);
    const receipts = await client.createMessages(own);
    accepted += receipts.filter(({ isAccepted }) => isAccepted).length;
    const last = own.at(-1);
    if (last) await becomesVisible(client, last, []);
  }
  return accepted;
}
