import { CompiledQuery, type Kysely } from 'kysely';
import { LRUCache } from 'lru-cache';
import type { Message } from '../domain/message.ts';
import { faultKind } from './faults.ts';
import {
  CLIENTS,
  COMPANIES,
  CONVERSATIONS,
  type NameKind,
  type NumberedMessage,
} from './name-kinds.ts';
import type { Database } from './schema.ts';

/**
 * The numbers of Companies, Clients and Conversations. A number is given once and never changes,
 * so it is remembered for as long as there is room.
 */
export interface Names {
  /** Gives a number to all these Messages name. Committed at once: a number outlives any rollback. */
  number(messages: readonly Message[]): Promise<NumberedMessage[]>;
  /** What is known already, else null: reading never creates a name. */
  companyNo(companyId: string): Promise<number | null>;
  clientNo(companyNo: number, clientId: string): Promise<number | null>;
  conversationNo(companyNo: number, conversationId: string): Promise<number | null>;
}

/** Entries take about 150 bytes: at most some 15 MB for each kind. */
const REMEMBERED_MAX = 100_000;
/** How often creating names starts over because another process created one of them meanwhile. */
const CREATIONS_MAX = 5;

/** In this order: a Client is looked up within its Company, a Conversation names its Client. */
const KINDS = [COMPANIES, CLIENTS, CONVERSATIONS];

type Remembered = Record<NameKind['field'], Map<string, number> | LRUCache<string, number>>;

export function openNames(db: Kysely<Database>): Names {
  const remembered: Remembered = {
    companyNo: new LRUCache({ max: REMEMBERED_MAX }),
    clientNo: new LRUCache({ max: REMEMBERED_MAX }),
    conversationNo: new LRUCache({ max: REMEMBERED_MAX }),
  };

  async function find(kind: NameKind, companyNo: number, id: string): Promise<number | null> {
    const numbers = remembered[kind.field];
    const key = keyOf(companyNo, id);
    if (!numbers.has(key)) await learn(db, kind, { companyNo, ids: [id], into: numbers });
    return numbers.get(key) ?? null;
  }

  return {
    async number(messages) {
      const rows = messages.map(unnumbered);
      const unknown = rows.filter((row) => !fill(row, remembered));
      if (unknown.length === 0) return rows;

      const fresh = await numberTogether(db, unknown, remembered);
      for (const { field } of KINDS) {
        for (const [key, no] of fresh[field]) remembered[field].set(key, no);
      }
      return rows;
    },
    companyNo: (companyId) => find(COMPANIES, 0, companyId),
    clientNo: (companyNo, clientId) => find(CLIENTS, companyNo, clientId),
    conversationNo: (companyNo, conversationId) => find(CONVERSATIONS, companyNo, conversationId),
  };
}

function unnumbered(message: Message): NumberedMessage {
  return { message, companyNo: 0, clientNo: 0, conversationNo: 0 };
}

/** Writes what is remembered into a row; false if something of it is not. */
function fill(row: NumberedMessage, remembered: Remembered): boolean {
  return KINDS.every((kind) => fillKind(row, kind, remembered));
}

function fillKind(row: NumberedMessage, kind: NameKind, remembered: Remembered): boolean {
  const no = remembered[kind.field].get(keyOf(kind.scopeOf(row), kind.idOf(row.message)));
  if (no !== undefined) row[kind.field] = no;
  return no !== undefined;
}

/** Looks up and creates all kinds in one transaction: one commit, however many are new. */
async function numberTogether(
  db: Kysely<Database>,
  rows: readonly NumberedMessage[],
  remembered: Remembered,
) {
  for (let creation = 1; ; creation += 1) {
    try {
      return await db.transaction().execute(async (transaction) => {
        const fresh = { companyNo: new Map(), clientNo: new Map(), conversationNo: new Map() };
        for (const kind of KINDS) {
          const unknown = rows.filter((row) => !fillKind(row, kind, remembered));
          await numberKind(transaction, kind, { rows: unknown, into: fresh[kind.field] });
        }
        return fresh satisfies Remembered;
      });
    } catch (error) {
      if (faultKind(error) !== 'duplicate' || creation === CREATIONS_MAX) throw error;
    }
  }
}

async function numberKind(
  db: Kysely<Database>,
  kind: NameKind,
  { rows, into }: { rows: readonly NumberedMessage[]; into: Map<string, number> },
): Promise<void> {
  for (const [companyNo, named] of byScope(rows, kind)) {
    await learn(db, kind, { companyNo, ids: [...named.keys()], into });
    const missing = [...named].filter(([id]) => !into.has(keyOf(companyNo, id)));
    if (missing.length === 0) continue;
    // Sorted: two writers creating the same names take their locks in the same order.
    missing.sort(([a], [b]) => (a < b ? -1 : 1));
    const values = missing.map(([, row]) => kind.valuesOf(row));
    await db.executeQuery(CompiledQuery.raw(kind.insert, [values]));
    await learn(db, kind, { companyNo, ids: missing.map(([id]) => id), into });
  }
  for (const row of rows) {
    const no = into.get(keyOf(kind.scopeOf(row), kind.idOf(row.message)));
    if (no === undefined) throw new Error(`no ${kind.field} for a name just created`);
    row[kind.field] = no;
  }
}

async function learn(
  db: Kysely<Database>,
  kind: NameKind,
  wanted: {
    companyNo: number;
    ids: readonly string[];
    into: { set(key: string, no: number): unknown };
  },
): Promise<void> {
  const query = CompiledQuery.raw(kind.select, [wanted.companyNo, wanted.ids]);
  const { rows } = await db.executeQuery<{ id: string; no: number }>(query);
  for (const { id, no } of rows) wanted.into.set(keyOf(wanted.companyNo, id), no);
}

function byScope(rows: readonly NumberedMessage[], kind: NameKind) {
  const scopes = new Map<number, Map<string, NumberedMessage>>();
  for (const row of rows) {
    const scope = kind.scopeOf(row);
    let named = scopes.get(scope);
    if (!named) scopes.set(scope, (named = new Map()));
    // The first Message that names a Conversation decides its Client.
    const id = kind.idOf(row.message);
    if (!named.has(id)) named.set(id, row);
  }
  return scopes;
}

function keyOf(companyNo: number, id: string): string {
  return `${companyNo} ${id}`;
}
