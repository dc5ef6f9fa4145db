import type { Kysely } from 'kysely';
import type { Message } from '../domain/message.ts';
import type { Database } from './schema.ts';

/** A Message with the numbers of what it names. */
export interface NumberedMessage {
  readonly message: Message;
  companyNo: number;
  clientNo: number;
  conversationNo: number;
}

/** What `names.ts` needs to know of one kind of name: which it is, and its two statements. */
export interface NameKind {
  readonly field: 'companyNo' | 'clientNo' | 'conversationNo';
  idOf(message: Message): string;
  /** The Company within which an id is unique; 0 for Companies themselves. */
  scopeOf(row: NumberedMessage): number;
  select(companyNo: number, ids: readonly string[]): Promise<{ id: string; no: number }[]>;
  /** Creates what is missing; leaves alone what another process created meanwhile. */
  insert(rows: ReadonlyMap<string, NumberedMessage>): Promise<void>;
}

export function companyNames(db: Kysely<Database>): NameKind {
  return {
    field: 'companyNo',
    idOf: (message) => message.companyId,
    scopeOf: () => 0,
    select: (_, ids) =>
      db
        .selectFrom('companies')
        .select(['company_id as id', 'company_no as no'])
        .where('company_id', 'in', ids)
        .execute(),
    async insert(rows) {
      await db
        .insertInto('companies')
        .values([...rows.keys()].map((company_id) => ({ company_id })))
        .onDuplicateKeyUpdate((eb) => ({ company_id: eb.ref('company_id') }))
        .execute();
    },
  };
}

export function clientNames(db: Kysely<Database>): NameKind {
  return {
    field: 'clientNo',
    idOf: (message) => message.clientId,
    scopeOf: (row) => row.companyNo,
    select: (companyNo, ids) =>
      db
        .selectFrom('clients')
        .select(['client_id as id', 'client_no as no'])
        .where('company_no', '=', companyNo)
        .where('client_id', 'in', ids)
        .execute(),
    async insert(rows) {
      const values = [...rows].map(([client_id, row]) => ({
        client_id,
        company_no: row.companyNo,
      }));
      await db
        .insertInto('clients')
        .values(values)
        .onDuplicateKeyUpdate((eb) => ({ client_id: eb.ref('client_id') }))
        .execute();
    },
  };
}

export function conversationNames(db: Kysely<Database>): NameKind {
  return {
    field: 'conversationNo',
    idOf: (message) => message.conversationId,
    scopeOf: (row) => row.companyNo,
    select: (companyNo, ids) =>
      db
        .selectFrom('conversations')
        .select(['conversation_id as id', 'conversation_no as no'])
        .where('company_no', '=', companyNo)
        .where('conversation_id', 'in', ids)
        .execute(),
    async insert(rows) {
      const values = [...rows].map(([conversation_id, { companyNo, clientNo }]) => {
        return { conversation_id, company_no: companyNo, client_no: clientNo };
      });
      await db
        .insertInto('conversations')
        .values(values)
        .onDuplicateKeyUpdate((eb) => ({ conversation_id: eb.ref('conversation_id') }))
        .execute();
    },
  };
}
