import type { Kysely } from 'kysely';
import { type Message, roughBytes } from '../domain/message.ts';
import type { Cache } from './cache/open.ts';
import type { Cold } from './cold/open-cold.ts';
import { storeStraight, type StraightOptions } from './cold/store-straight.ts';
import { type MonthOfRows, partStraight } from './cold/straight.ts';
import { eachAtOnce } from './each-at-once.ts';
import { columnOf, faultCode, faultKind } from './faults.ts';
import { holdOn } from './hold-on.ts';
import { type ImportName, noteReached, noteStored, type Step } from './imports.ts';
import { comparePlaces, firstOfEach, type KeyedMessage, pieces, toKeyed } from './keyed-message.ts';
import { laneOf } from './lanes.ts';
import { LEDGER_SLOTS } from './ledger.ts';
import type { Names } from './names.ts';
import { entriesChangedBy } from './recent.ts';
import type { Database } from './schema.ts';
import { storeGroup } from './store.ts';

/** Stores the Messages of an import: past the queue, by the same rules as all others. */
export interface ImportWriter {
  /** Gives numbers to what the Messages name; may run while the ones before are being stored. */
  number(messages: readonly Message[], signal: AbortSignal): Promise<readonly KeyedMessage[]>;
  /**
   * Stores a piece of the source, each Message in the tier of its age, and then notes that it is
   * done. Those stored before are left alone (P2), as when a piece is stored again after a death.
   */
  store(rows: readonly KeyedMessage[], step: Step, signal: AbortSignal): Promise<ImportedStep>;
}

export interface ImportedStep {
  /** How many of them were new. */
  readonly stored: number;
  /** What MySQL cannot hold. */
  readonly refused: readonly { readonly message: Message; readonly reason: string }[];
}

/** Transactions at once; each counts on its own, so that none waits for another one's commit. */
const IMPORT_LANES = 2;
const ROWS_PER_COMMIT_MAX = 6_000;
/** In UTF-8 and escaped at most three times as many bytes: MariaDB takes 16 MiB in one statement. */
const BYTES_PER_COMMIT_MAX = 4 * 1024 * 1024;
/** Months that go straight to the archive, at once: one is written while another one is encoded. */
const STRAIGHT_AT_ONCE = 4;
/** With fewer Messages, an object and its two commits take as long as warm does. */
const STRAIGHT_ROWS_MIN = 50;

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
  const { db } = deps;
  const slot = Math.floor(deps.random() * LEDGER_SLOTS);

  async function store(
    rows: readonly KeyedMessage[],
    step: Step,
    signal: AbortSignal,
  ): Promise<ImportedStep> {
    const insist: Insist = (work) => holdOn(deps, signal, work);
    const { straight, others } = await insist(() => partByWay(firstOfEach(rows)));
    const young = await storeOthers(others, step, insist);
    const old = await eachAtOnce(straight, STRAIGHT_AT_ONCE, (month) =>
      storeMonth(month, step, insist),
    );
    const done = together([young, ...old]);
    await insist(() => noteReached(db, { ...step, refused: step.refused + done.refused.length }));
    return done;
  }

  async function partByWay(rows: readonly KeyedMessage[]) {
    if (deps.cold === null) return { straight: [], others: rows };
    return partStraight(db, rows, { rowsMin: STRAIGHT_ROWS_MIN, nowMs: deps.now() });
  }

  async function storeMonth(
    month: MonthOfRows,
    { fingerprint, source }: ImportName,
    insist: Insist,
  ): Promise<ImportedStep> {
    const { cold } = deps;
    const name = { fingerprint, source };
    const options: StraightOptions = {
      rowsMin: STRAIGHT_ROWS_MIN,
      slot,
      fenced: (changed, transact) => fenced(deps.cache, changed, transact),
      also: (transaction, stored) => noteStored(transaction, name, { lane: 0, stored }),
    };
    const stored = cold && (await insist(() => storeStraight({ db, cold }, month, options)));
    return stored === null ? storeOthers(month.rows, name, insist) : { stored, refused: [] };
  }

  /** In the order they lie in, so that a Conversation's rows share a transaction, and a page. */
  async function storeOthers(
    rows: readonly KeyedMessage[],
    { fingerprint, source }: ImportName,
    insist: Insist,
  ): Promise<ImportedStep> {
    const lanes = Map.groupBy(rows.toSorted(comparePlaces), ({ message }) =>
      laneOf(message.conversationId, IMPORT_LANES),
    );
    const storeLane = async ([lane, own]: [number, readonly KeyedMessage[]]) => {
      const done: ImportedStep[] = [];
      for (const some of pieces(own, ROWS_PER_COMMIT_MAX)) {
        done.push(await storePart(some, { fingerprint, source, lane }, insist));
      }
      return together(done);
    };
    return together(await Promise.all([...lanes].map(storeLane)));
  }

  async function storePart(
    rows: readonly KeyedMessage[],
    lane: Lane,
    insist: Insist,
  ): Promise<ImportedStep> {
    if (isTooLarge(rows)) return storeHalves(rows, lane, insist);
    try {
      return { stored: await insist(() => storeOnce(rows, lane)), refused: [] };
    } catch (error) {
      const [only] = rows;
      if (faultKind(error) !== 'data' || !only) throw error;
      if (rows.length > 1) return storeHalves(rows, lane, insist); // One of them is to blame.
      return { stored: 0, refused: [{ message: only.message, reason: reasonOf(error) }] };
    }
  }

  async function storeHalves(
    rows: readonly KeyedMessage[],
    lane: Lane,
    insist: Insist,
  ): Promise<ImportedStep> {
    const middle = rows.length >> 1;
    const first = await storePart(rows.slice(0, middle), lane, insist);
    return together([first, await storePart(rows.slice(middle), lane, insist)]);
  }

  function storeOnce(rows: readonly KeyedMessage[], { lane, ...name }: Lane): Promise<number> {
    return fenced(deps.cache, rows, async (beforeCommit) => {
      const stored = await storeGroup(db, rows, {
        slot,
        nowMs: deps.now(),
        cold: deps.cold,
        beforeCommit,
        also: (transaction, { length }) => noteStored(transaction, name, { lane, stored: length }),
      });
      return stored.length;
    });
  }

  return {
    async number(messages, signal) {
      return (await holdOn(deps, signal, () => deps.names.number(messages))).map(toKeyed);
    },
    store,
  };
}

/** Does work again until it is done, see `holdOn`. */
type Insist = <Result>(work: () => Promise<Result>) => Promise<Result>;

interface Lane extends ImportName {
  readonly lane: number;
}

function together(done: readonly ImportedStep[]): ImportedStep {
  return {
    stored: done.reduce((sum, { stored }) => sum + stored, 0),
    refused: done.flatMap(({ refused }) => refused),
  };
}

/** Keeps the pages that the rows change out of the cache until they are stored (P5). */
async function fenced<Result>(
  cache: Cache,
  rows: readonly KeyedMessage[],
  work: (beforeCommit: Promise<unknown>) => Promise<Result>,
): Promise<Result> {
  const changed = entriesChangedBy(rows.map(({ message }) => message));
  const fencing = cache.fence([...changed.values()]);
  try {
    return await work(fencing);
  } finally {
    // Not waited for: until it is lifted, readers go around the cache and miss nothing.
    void fencing.then((fence) => fence.lift());
  }
}

function isTooLarge(rows: readonly KeyedMessage[]): boolean {
  if (rows.length < 2) return false;
  return rows.reduce((sum, { message }) => sum + roughBytes(message), 0) > BYTES_PER_COMMIT_MAX;
}

/** Without MySQL's own words, which quote the value. */
function reasonOf(error: unknown): string {
  const column = columnOf(error);
  return `MySQL cannot hold it: ${faultCode(error)}${column === null ? '' : ` in column ${column}`}`;
}
