import { setTimeout as pause } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { backoffMs } from '../domain/backoff.ts';
import type { Message } from '../domain/message.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { Cache } from './cache/open.ts';
import type { Cold } from './cold/open-cold.ts';
import { columnOf, type FaultKind, faultCode, faultKind, isReadOnly } from './faults.ts';
import { type GroupCommit, openGroupCommit } from './group-commit.ts';
import { type KeyedMessage, toKeyed } from './keyed-message.ts';
import { laneOf } from './lanes.ts';
import { LEDGER_SLOTS } from './ledger.ts';
import type { Names } from './names.ts';
import { entriesChangedBy, pageKeyOf } from './recent.ts';
import type { Database } from './schema.ts';
import { hangUpReader, storeGroup } from './store.ts';

export interface MessageWriter {
  /**
   * Stores Messages durably, with those of other callers in one transaction (group commit).
   *
   * @returns One Verdict for each Message, in order, after the commit.
   * @throws PipelineError `STORE_TIMED_OUT` when the signal aborts first.
   */
  store(messages: readonly Message[], signal: AbortSignal): Promise<readonly Verdict[]>;
}

/** One attempt at a transaction, and what became of it. */
export interface CommitEvent {
  readonly outcome: 'committed' | FaultKind;
  readonly rows: number;
  /** How many of them were new. */
  readonly stored: number;
  readonly ms: number;
}

/** Transactions at once. With one, MySQL is idle while the next statement is being written. */
const LANES = 2;
const ROWS_PER_COMMIT_MAX = 4_000;
/** In UTF-8 and escaped at most three times as many bytes: MariaDB takes 16 MiB in one statement. */
const BYTES_PER_COMMIT_MAX = 4 * 1024 * 1024;
/** Pauses while MySQL is away: short enough that work goes on at once when it is back. */
const RETRY_MS = { base: 50, max: 1_000 };

export function openMessageWriter(deps: {
  db: Kysely<Database>;
  names: Names;
  cache: Cache;
  cold: Cold;
  /** A draw from [0, 1). */
  random: () => number;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Sees every attempt at a transaction; metrics sit here. */
  observe: (event: CommitEvent) => void;
}): MessageWriter {
  const firstSlot = Math.floor(deps.random() * LEDGER_SLOTS);
  const lanes = Array.from({ length: LANES }, (_, lane) =>
    openLane({ ...deps, slot: (firstSlot + lane) % LEDGER_SLOTS }),
  );
  return {
    async store(messages, signal) {
      const [only] = messages;
      if (only && messages.length === 1) {
        return (await lanes[laneOf(only.conversationId, LANES)]?.add(messages, signal)) ?? [];
      }
      const verdicts = new Map<number, Verdict>();
      const places = [...messages.keys()];
      // A Conversation always takes the same lane, so two lanes never wait for one of its rows.
      const perLane = Map.groupBy(places, (at) =>
        laneOf(messages[at]?.conversationId ?? '', LANES),
      );
      const stored = [...perLane].map(async ([lane, own]) => {
        const part = own.flatMap((at) => messages[at] ?? []);
        const found = (await lanes[lane]?.add(part, signal)) ?? [];
        for (const [nth, verdict] of found.entries()) verdicts.set(own[nth] ?? -1, verdict);
      });
      await Promise.all(stored);
      return places.flatMap((at) => verdicts.get(at) ?? []);
    },
  };
}

function openLane(deps: {
  db: Kysely<Database>;
  names: Names;
  cache: Cache;
  cold: Cold;
  random: () => number;
  now: () => number;
  observe: (event: CommitEvent) => void;
  slot: number;
}): GroupCommit {
  let lastFault = '';
  return openGroupCommit({
    rowsMax: ROWS_PER_COMMIT_MAX,
    bytesMax: BYTES_PER_COMMIT_MAX,
    commit: commitPersistently,
    lastFault: () => lastFault,
  });

  /** Holds on through transient faults; finds the one Message to blame for a fault of data. */
  async function commitPersistently(
    messages: readonly Message[],
    isWanted: () => boolean,
  ): Promise<readonly Verdict[]> {
    for (let attempt = 1; ; attempt += 1) {
      const startedAt = performance.now();
      const observe = (outcome: CommitEvent['outcome'], stored: number) => {
        const ms = performance.now() - startedAt;
        deps.observe({ outcome, rows: messages.length, stored, ms });
      };
      try {
        const verdicts = await commitOnce(messages);
        observe('committed', verdicts.filter(isStored).length);
        lastFault = '';
        return verdicts;
      } catch (error) {
        const kind = faultKind(error);
        observe(kind, 0);
        lastFault = faultCode(error);
        if (kind === 'data' && messages.length === 1) return [refusal(error)];
        if (kind === 'data') return await commitHalves(messages, isWanted);
        if (kind !== 'transient' || !isWanted()) throw error;
        await pause(backoffMs(attempt, RETRY_MS, deps.random()));
      }
    }
  }

  async function commitHalves(
    messages: readonly Message[],
    isWanted: () => boolean,
  ): Promise<readonly Verdict[]> {
    const middle = messages.length >> 1;
    const first = await commitPersistently(messages.slice(0, middle), isWanted);
    return [...first, ...(await commitPersistently(messages.slice(middle), isWanted))];
  }

  async function commitOnce(messages: readonly Message[]): Promise<readonly Verdict[]> {
    const rows = (await numberOrHangUp(messages)).map(toKeyed);
    const changed = entriesChangedBy(messages);
    const fencing = deps.cache.fence([...changed.values()]);
    try {
      const group = { slot: deps.slot, nowMs: deps.now(), cold: deps.cold, beforeCommit: fencing };
      const stored = new Set(await storeGroup(deps.db, rows, group));
      const { cached } = await fencing;
      return rows.map((row) => verdictOn(row, stored, wasRead(row)));

      function wasRead({ message }: KeyedMessage): boolean {
        const entry = changed.get(pageKeyOf(message));
        return entry !== undefined && cached.has(entry);
      }
    } finally {
      // Not waited for: until it is lifted, readers go around the cache and miss nothing.
      void fencing.then((fence) => fence.lift());
    }
  }

  /** New names are the first thing that a server which only reads refuses. */
  async function numberOrHangUp(messages: readonly Message[]) {
    try {
      return await deps.names.number(messages);
    } catch (error) {
      if (isReadOnly(error)) await hangUpReader(deps.db);
      throw error;
    }
  }
}

const isStored = ({ outcome }: Verdict) => outcome === 'stored';

function verdictOn(
  row: KeyedMessage,
  stored: ReadonlySet<KeyedMessage>,
  wasRead: boolean,
): Verdict {
  return stored.has(row) ? { outcome: 'stored', wasRead } : { outcome: 'duplicate' };
}

/** Without MySQL's own words: they quote the value, and logs never hold message text. */
function refusal(error: unknown): Verdict {
  const column = columnOf(error);
  const where = column === null ? '' : ` in column ${column}`;
  return { outcome: 'refused', reason: `MySQL cannot hold it: ${faultCode(error)}${where}` };
}
