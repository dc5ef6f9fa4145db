import { setTimeout as pause } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { backoffMs } from '../domain/backoff.ts';
import { type Message, roughBytes } from '../domain/message.ts';
import type { Cache } from './cache/open.ts';
import type { Cold } from './cold/open-cold.ts';
import { columnOf, faultCode, faultKind } from './faults.ts';
import { noteStep, type Step } from './imports.ts';
import { type KeyedMessage, toKeyed } from './keyed-message.ts';
import { LEDGER_SLOTS } from './ledger.ts';
import type { Names } from './names.ts';
import { entriesChangedBy } from './recent.ts';
import type { Database } from './schema.ts';
import { storeGroup } from './store.ts';

/** Stores the Messages of an import: past the queue, by the same rules as all others. */
export interface ImportWriter {
  /** Gives numbers to what the Messages name; may run while the ones before are being stored. */
  number(messages: readonly Message[], signal: AbortSignal): Promise<readonly KeyedMessage[]>;
  /** Stores Messages and notes the step in one transaction; those stored before are left alone (P2). */
  store(rows: readonly KeyedMessage[], step: Step, signal: AbortSignal): Promise<ImportedStep>;
}

export interface ImportedStep {
  /** How many of them were new. */
  readonly stored: number;
  /** What MySQL cannot hold. */
  readonly refused: readonly { readonly message: Message; readonly reason: string }[];
}

/** With these pauses an outage of a minute is waited for. Whoever starts again later loses nothing. */
const RETRY_MS = { base: 50, max: 5_000 };
const ATTEMPTS_MAX = 30;
/** In UTF-8 and escaped at most three times as many bytes: MariaDB takes 16 MiB in one statement. */
const BYTES_PER_COMMIT_MAX = 4 * 1024 * 1024;

interface Deps {
  readonly db: Kysely<Database>;
  readonly names: Names;
  readonly cache: Cache;
  readonly cold: Cold;
  /** A draw from [0, 1). */
  readonly random: () => number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function openImportWriter(deps: Deps): ImportWriter {
  const slot = Math.floor(deps.random() * LEDGER_SLOTS);

  /** The step is noted with the last of them. */
  async function storeParts(
    rows: readonly KeyedMessage[],
    step: Step | null,
    signal: AbortSignal,
  ): Promise<ImportedStep> {
    if (isTooLarge(rows)) return storeHalves(rows, step, signal);
    try {
      const stored = await holdOn(deps, signal, () => storeOnce(rows, step));
      return { stored, refused: [] };
    } catch (error) {
      const [only] = rows;
      if (faultKind(error) !== 'data' || !only) throw error;
      if (rows.length > 1) return storeHalves(rows, step, signal); // One of them is to blame.
      if (step) await noteStep(deps.db, { ...step, refused: step.refused + 1 });
      return { stored: 0, refused: [{ message: only.message, reason: reasonOf(error) }] };
    }
  }

  async function storeHalves(
    rows: readonly KeyedMessage[],
    step: Step | null,
    signal: AbortSignal,
  ): Promise<ImportedStep> {
    const middle = rows.length >> 1;
    const first = await storeParts(rows.slice(0, middle), null, signal);
    const [stored, refused] = [first.stored, first.refused.length];
    const rest = step && {
      ...step,
      stored: step.stored + stored,
      refused: step.refused + refused,
    };
    const second = await storeParts(rows.slice(middle), rest, signal);
    return {
      stored: stored + second.stored,
      refused: [...first.refused, ...second.refused],
    };
  }

  async function storeOnce(rows: readonly KeyedMessage[], step: Step | null): Promise<number> {
    const changed = entriesChangedBy(rows.map(({ message }) => message));
    const fencing = deps.cache.fence([...changed.values()]);
    try {
      const stored = await storeGroup(deps.db, rows, {
        slot,
        nowMs: deps.now(),
        cold: deps.cold,
        beforeCommit: fencing,
        also: async (transaction, { length }) => {
          if (step) await noteStep(transaction, { ...step, stored: step.stored + length });
        },
      });
      return stored.length;
    } finally {
      // Not waited for: until it is lifted, readers go around the cache and miss nothing.
      void fencing.then((fence) => fence.lift());
    }
  }

  return {
    async number(messages, signal) {
      return (await holdOn(deps, signal, () => deps.names.number(messages))).map(toKeyed);
    },
    store: storeParts,
  };
}

function isTooLarge(rows: readonly KeyedMessage[]): boolean {
  if (rows.length < 2) return false;
  return rows.reduce((sum, { message }) => sum + roughBytes(message), 0) > BYTES_PER_COMMIT_MAX;
}

/** Tries again while it is only the moment that is bad. */
async function holdOn<Result>(
  { random }: Deps,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (faultKind(error) !== 'transient' || attempt === ATTEMPTS_MAX) throw error;
      signal.throwIfAborted();
      await pause(backoffMs(attempt, RETRY_MS, random()), undefined, { signal });
    }
  }
}

/** Without MySQL's own words, which quote the value. */
function reasonOf(error: unknown): string {
  const column = columnOf(error);
  return `MySQL cannot hold it: ${faultCode(error)}${column === null ? '' : ` in column ${column}`}`;
}
