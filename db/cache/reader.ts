import { setTimeout as pause } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { CacheConnection } from './connection.ts';
import { openHeads } from './heads.ts';
import { type CacheEntry, type CacheKeys, type EntryKeys, newToken, TOKEN_BYTES } from './keys.ts';
import type { CacheScripts } from './scripts.ts';

export interface Cached {
  /** JSON in UTF-8, as it goes out over HTTP. */
  readonly bytes: Buffer;
  readonly from: 'l1' | 'redis' | 'load';
  /** When it was loaded, milliseconds since 1970. */
  readonly loadedAtMs: number;
}

const L1_ITEMS_MAX = 1_000;
const L1_BYTES_MAX = 32 * 1024 * 1024;
/** A larger page is loaded each time: it would push too many others out. */
const PAGE_BYTES_MAX = 1024 * 1024;
export const TTL_MS = 5 * 60_000;
/** A fill slower than this is refused. */
const LEASE_MS = 3_000;
/** How long a reader waits for the fill of another process before it loads for itself. */
const FILL_WAIT_MS_MAX = 100;
const FILL_POLL_MS = 5;
/** In front of the bytes: the Company's epoch, and the token of the fill; then when it was loaded. */
const HEADER_BYTES = 2 * TOKEN_BYTES;
const TIME_BYTES = 8;

/** An entry's keys, and how long it may be kept. */
interface Slot extends EntryKeys {
  readonly ttlMs: number;
}

/** Where an entry comes from if it is not cached, and what of that is cached then. */
interface Source {
  load(): Promise<Buffer>;
  isKept(bytes: Buffer): boolean;
}

interface Item {
  readonly header: string;
  readonly bytes: Buffer;
  readonly loadedAtMs: number;
}

/** What a load brought. Accepted: no commit came between lease and fill. */
interface Fill {
  readonly bytes: Buffer;
  readonly loadedAtMs: number;
  readonly isAccepted: boolean;
}

/** A load on its way, and whether others may still join it. */
interface Flight {
  isOpen: boolean;
  fill: Promise<Fill>;
}

const NOTHING: Fill = { bytes: Buffer.alloc(0), loadedAtMs: 0, isAccepted: false };

export function openReader(parts: {
  connection: CacheConnection;
  keys: CacheKeys;
  scripts: CacheScripts;
}) {
  const { keys, scripts } = parts;
  const { redis, ask } = parts.connection;
  const askHead = openHeads(redis);
  const l1 = new LRUCache<string, Item>({
    max: L1_ITEMS_MAX,
    maxSize: L1_BYTES_MAX,
    sizeCalculation: ({ bytes }) => bytes.length + HEADER_BYTES,
  });
  const flights = new Map<string, Flight>();

  async function read(
    entry: CacheEntry,
    load: () => Promise<Buffer>,
    isKept: Source['isKept'] = () => true,
  ): Promise<Cached> {
    const source: Source = { load, isKept };
    const own: Slot = { ...keys.of(entry), ttlMs: entry.ttlMs ?? TTL_MS };
    const found = await ask(() => lookUp(own));
    if (found) return found;

    const running = flights.get(own.page);
    if (!running?.isOpen) return asLoaded(await takeOff(own, source));
    const fill = await running.fill.catch(() => NOTHING);
    if (fill.isAccepted) return asLoaded(fill);

    // A refused fill may be older than a commit that this reader must see: look again. Whatever
    // flight there is now took off after this reader came, so what it brings is new enough.
    const refilled = await ask(() => lookUp(own));
    if (refilled) return refilled;
    return asLoaded(await (flights.get(own.page)?.fill ?? takeOff(own, source)));
  }

  /** The page if it is cached and still counts. */
  async function lookUp(own: EntryKeys): Promise<Cached | null> {
    const known = l1.get(own.page);
    if (known && (await stillCounts(own, known.header))) {
      return { bytes: known.bytes, loadedAtMs: known.loadedAtMs, from: 'l1' };
    }

    const [epoch, page] = await redis.mgetBuffer(own.epoch, own.page);
    if (!epoch || !page?.subarray(0, TOKEN_BYTES).equals(epoch)) return null;
    const header = page.toString('latin1', 0, HEADER_BYTES);
    const loadedAtMs = page.readDoubleBE(HEADER_BYTES);
    // A view would keep a whole chunk alive.
    const bytes = Buffer.from(page.subarray(HEADER_BYTES + TIME_BYTES));
    l1.set(own.page, { header, bytes, loadedAtMs });
    return { bytes, loadedAtMs, from: 'redis' };
  }

  async function stillCounts(own: EntryKeys, header: string): Promise<boolean> {
    const { epoch, head } = await askHead(own);
    return head === header && epoch !== null && header.startsWith(epoch);
  }

  function takeOff(own: Slot, source: Source): Promise<Fill> {
    const flight: Flight = { isOpen: true, fill: Promise.resolve(NOTHING) };
    flights.set(own.page, flight);
    flight.fill = fillUnderLease(own, source, flight).finally(() => {
      if (flights.get(own.page) === flight) flights.delete(own.page);
    });
    return flight.fill;
  }

  async function fillUnderLease(
    own: Slot,
    { load, isKept }: Source,
    flight: Flight,
  ): Promise<Fill> {
    const token = newToken();
    const wish = { token, newEpoch: newToken(), leaseMs: LEASE_MS };
    const lease = await ask(() => scripts.lease(own, wish));
    if (lease?.kind === 'wait') {
      const filled = await waitForFill(own);
      // Not accepted for those who joined: they look for themselves, and find it too.
      if (filled) return { ...filled, isAccepted: false };
    }

    const loadedAtMs = Date.now();
    const bytes = await load();
    // Who comes from here on may have seen a commit that the fill is just too early to notice.
    flight.isOpen = false;
    const mayFill = lease?.kind === 'fill' && bytes.length <= PAGE_BYTES_MAX && isKept(bytes);
    if (!mayFill) return { bytes, loadedAtMs, isAccepted: false };
    const item = { header: lease.epoch + token, bytes, loadedAtMs };
    return { bytes, loadedAtMs, isAccepted: await offer(own, item) };
  }

  async function offer(own: Slot, item: Item): Promise<boolean> {
    const epoch = item.header.slice(0, TOKEN_BYTES);
    const token = item.header.slice(TOKEN_BYTES);
    const time = Buffer.alloc(TIME_BYTES);
    time.writeDoubleBE(item.loadedAtMs);
    const page = Buffer.concat([Buffer.from(item.header, 'latin1'), time, item.bytes]);
    const { ttlMs } = own;
    const isAccepted = await ask(() => scripts.fill(own, { token, epoch, page, ttlMs }));
    if (isAccepted) l1.set(own.page, item);
    return isAccepted ?? false;
  }

  async function waitForFill(own: EntryKeys): Promise<Cached | null> {
    for (let waitedMs = 0; waitedMs < FILL_WAIT_MS_MAX; waitedMs += FILL_POLL_MS) {
      await pause(FILL_POLL_MS);
      const found = await ask(() => lookUp(own));
      if (found) return found;
    }
    return null;
  }

  return { read };
}

function asLoaded({ bytes, loadedAtMs }: Fill): Cached {
  return { bytes, loadedAtMs, from: 'load' };
}
