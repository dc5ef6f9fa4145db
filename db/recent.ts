import type { Kysely } from 'kysely';
import {
  type Conversation,
  type ConversationPage,
  CONVERSATIONS_PER_PAGE_DEFAULT,
} from '../domain/conversation.ts';
import type { Tier } from '../domain/archive.ts';
import type { Message } from '../domain/message.ts';
import { type Page, PAGE_MESSAGES_DEFAULT, cursorOf } from '../domain/page.ts';
import type { CacheEntry } from './cache/keys.ts';
import type { Cache } from './cache/open.ts';
import type { Cached } from './cache/reader.ts';
import type { Cold } from './cold/open-cold.ts';
import { findConversations } from './find-conversations.ts';
import type { Names } from './names.ts';
import { findMessages, findPage } from './read.ts';
import type { Database } from './schema.ts';

const recentEntry = (companyId: string, conversationId: string): CacheEntry => {
  return { companyId, name: `recent ${conversationId}` };
};
const activeEntry = (companyId: string): CacheEntry => ({ companyId, name: 'conversations' });

/**
 * All that the cache holds and these Messages change: what a writer must fence.
 *
 * @returns Entries by a key of their own; that of a Message's page is `pageKeyOf(message)`.
 */
export function entriesChangedBy(messages: readonly Message[]): Map<string, CacheEntry> {
  const entries = new Map<string, CacheEntry>();
  for (const message of messages) {
    const { companyId, conversationId } = message;
    const pageKey = pageKeyOf(message);
    if (entries.has(pageKey)) continue;
    entries.set(pageKey, recentEntry(companyId, conversationId));
    if (!entries.has(companyId)) entries.set(companyId, activeEntry(companyId));
  }
  return entries;
}

/** Identifiers hold no control characters, so a line break keeps two of them apart. */
export function pageKeyOf({ companyId, conversationId }: Message): string {
  return `${companyId}\n${conversationId}`;
}

export const ACTIVE_CONVERSATIONS_MAX = CONVERSATIONS_PER_PAGE_DEFAULT;

/** One read through the cache; `from` is null if it failed. */
export interface ReadEvent {
  readonly entry: 'page' | 'active';
  readonly from: Cached['from'] | null;
  readonly ms: number;
}

interface Deps {
  readonly db: Kysely<Database>;
  readonly names: Names;
  readonly cache: Cache;
  readonly cold: Cold;
  /** Sees every read; metrics sit here. */
  readonly observe?: (event: ReadEvent) => void;
}

/** A page as bytes, and who gave it: the cache, or the tiers that were asked. */
export interface RecentBytes extends Cached {
  readonly tiers: readonly (Tier | 'cache')[];
}

interface Loaded {
  readonly tiers: readonly Tier[];
  readonly isWhole: boolean;
}

/** Of bytes that were just loaded; many who ask may share them. */
const loaded = new WeakMap<Buffer, Loaded>();

/** What is unavailable may be mended at any moment, and nobody would tell the cache. */
const isKept = (bytes: Buffer) => loaded.get(bytes)?.isWhole ?? false;

/** The newest Messages of a Conversation as JSON bytes of a `Page` of the default length. */
export async function readRecentBytes(
  deps: Deps,
  { companyId, conversationId }: { companyId: string; conversationId: string },
): Promise<RecentBytes> {
  const entry = recentEntry(companyId, conversationId);
  const load = async () => {
    const limit = PAGE_MESSAGES_DEFAULT;
    const { page, tiers } = await findPage(deps, { companyId, conversationId, limit });
    const bytes = toJson(page);
    loaded.set(bytes, { tiers, isWhole: page.unavailable === undefined });
    return bytes;
  };
  const cached = await observed(deps, 'page', () => deps.cache.read(entry, load, isKept));
  const origin = cached.from === 'load' ? loaded.get(cached.bytes) : undefined;
  return { ...cached, tiers: origin?.tiers ?? ['cache'] };
}

/**
 * The newest Messages of a Conversation, oldest first.
 *
 * @param wanted.limit At most `PAGE_MESSAGES_DEFAULT` comes from the cache; more is read from the tiers.
 */
export async function getRecentMessages(
  deps: Deps,
  wanted: { companyId: string; conversationId: string; limit: number },
): Promise<Page> {
  if (wanted.limit > PAGE_MESSAGES_DEFAULT) return findMessages(deps, wanted);
  const { bytes } = await readRecentBytes(deps, wanted);
  return newestOf(JSON.parse(bytes.toString()) as Page, wanted.limit);
}

/** The Conversations of a Company that spoke last as JSON bytes of a `ConversationPage`. */
export function readActiveBytes(deps: Deps, companyId: string): Promise<Cached> {
  const load = async () =>
    toJson(await findConversations(deps, { companyId, limit: ACTIVE_CONVERSATIONS_MAX }));
  return observed(deps, 'active', () => deps.cache.read(activeEntry(companyId), load));
}

/** The Conversations of a Company that spoke last, latest first; at most 50. */
export async function getActiveConversations(
  deps: Deps,
  companyId: string,
): Promise<readonly Conversation[]> {
  const { bytes } = await readActiveBytes(deps, companyId);
  return (JSON.parse(bytes.toString()) as ConversationPage).conversations;
}

/** Drops a Conversation's page. Its next reader gets what the tiers hold then. */
export async function invalidateConversationCache(
  deps: Deps,
  { companyId, conversationId }: { companyId: string; conversationId: string },
): Promise<void> {
  await deps.cache.invalidate(recentEntry(companyId, conversationId));
}

async function observed(
  deps: Deps,
  kind: ReadEvent['entry'],
  read: () => Promise<Cached>,
): Promise<Cached> {
  const startedAt = performance.now();
  let from: ReadEvent['from'] = null;
  try {
    const cached = await read();
    from = cached.from;
    return cached;
  } finally {
    deps.observe?.({ entry: kind, from, ms: performance.now() - startedAt });
  }
}

function newestOf(page: Page, limit: number): Page {
  if (page.messages.length <= limit) return page;
  const messages = page.messages.slice(-limit);
  const first = messages.at(0);
  return { ...page, messages, before: first ? cursorOf(first) : null };
}

function toJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
