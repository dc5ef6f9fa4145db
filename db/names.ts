import type { Kysely } from 'kysely';
import { LRUCache } from 'lru-cache';
import type { Message } from '../domain/message.ts';
import {
  type NameKind,
  type NumberedMessage,
  clientNames,
  companyNames,
  conversationNames,
} from './name-kinds.ts';
import type { Database } from './schema.ts';

/**
 * The numbers of Companies, Clients and Conversations. A number is given once and never changes,
 * so it is remembered for as long as there is room.
 */
export interface Names {
  /** Gives a number to all these Messages name. Commits at once: a number outlives any rollback. */
  number(messages: readonly Message[]): Promise<NumberedMessage[]>;
  /** What is known already, else null: reading never creates a name. */
  companyNo(companyId: string): Promise<number | null>;
  clientNo(companyNo: number, clientId: string): Promise<number | null>;
  conversationNo(companyNo: number, conversationId: string): Promise<number | null>;
}

/** Entries take about 150 bytes: at most some 15 MB for each kind. */
const REMEMBERED_MAX = 100_000;

export function openNames(db: Kysely<Database>): Names {
  const companies = openNameTable(companyNames(db));
  const clients = openNameTable(clientNames(db));
  const conversations = openNameTable(conversationNames(db));

  return {
    async number(messages) {
      const numbered = messages.map(unnumbered);
      // In this order: a Client is looked up within its Company, a Conversation names its Client.
      for (const table of [companies, clients, conversations]) await table.fill(numbered);
      return numbered;
    },
    companyNo: (companyId) => companies.find(0, companyId),
    clientNo: (companyNo, clientId) => clients.find(companyNo, clientId),
    conversationNo: (companyNo, conversationId) => conversations.find(companyNo, conversationId),
  };
}

function unnumbered(message: Message): NumberedMessage {
  return { message, companyNo: 0, clientNo: 0, conversationNo: 0 };
}

function openNameTable(kind: NameKind) {
  const remembered = new LRUCache<string, number>({ max: REMEMBERED_MAX });

  async function learn(companyNo: number, ids: readonly string[]): Promise<void> {
    for (const { id, no } of await kind.select(companyNo, ids)) {
      remembered.set(keyOf(companyNo, id), no);
    }
  }

  async function learnOrCreate(companyNo: number, rows: Map<string, NumberedMessage>) {
    await learn(companyNo, [...rows.keys()]);
    const isNew = ([id]: [string, unknown]) => !remembered.has(keyOf(companyNo, id));
    const missing = [...rows].filter(isNew);
    if (missing.length === 0) return;
    // Sorted, so that two writers creating the same names take their locks in the same order.
    await kind.insert(new Map(missing.sort(([a], [b]) => (a < b ? -1 : 1))));
    await learn(
      companyNo,
      missing.map(([id]) => id),
    );
  }

  /** Writes the number of this kind into each row; false where it is not remembered. */
  function fillOne(row: NumberedMessage): boolean {
    const no = remembered.get(keyOf(kind.scopeOf(row), kind.idOf(row.message)));
    if (no !== undefined) row[kind.field] = no;
    return no !== undefined;
  }

  return {
    async fill(rows: readonly NumberedMessage[]): Promise<void> {
      const unknown = rows.filter((row) => !fillOne(row));
      for (const [companyNo, named] of byScope(unknown, kind))
        await learnOrCreate(companyNo, named);
      for (const row of unknown) {
        if (!fillOne(row)) throw new Error(`no number for a ${kind.field} just created`);
      }
    },

    async find(companyNo: number, id: string): Promise<number | null> {
      const key = keyOf(companyNo, id);
      if (!remembered.has(key)) await learn(companyNo, [id]);
      return remembered.get(key) ?? null;
    },
  };
}

function byScope(rows: readonly NumberedMessage[], kind: NameKind) {
  const scopes = new Map<number, Map<string, NumberedMessage>>();
  for (const row of rows) {
    const scope = kind.scopeOf(row);
    let named = scopes.get(scope);
    if (!named) scopes.set(scope, (named = new Map()));
    // The first Message that names a Conversation decides its Client.
    if (!named.has(kind.idOf(row.message))) named.set(kind.idOf(row.message), row);
  }
  return scopes;
}

function keyOf(companyNo: number, id: string): string {
  return `${companyNo} ${id}`;
}
