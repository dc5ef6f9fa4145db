import type { ColumnType, Generated } from 'kysely';
import type { Role } from '../domain/message.ts';

/** The tables as Kysely sees them; `migrations/` makes them, and says what each index is for. */
export interface Database {
  companies: CompaniesTable;
  clients: ClientsTable;
  conversations: ConversationsTable;
  messages_hot: MessagesTable;
  ledger: LedgerTable;
  api_keys: ApiKeysTable;
}

/** `datetime(3)` in UTC, as `YYYY-MM-DD hh:mm:ss.mmm`; see `toDatetime` and `fromDatetime`. */
export type Datetime = string;

export interface CompaniesTable {
  company_no: Generated<number>;
  company_id: string;
}

export interface ClientsTable {
  client_no: Generated<number>;
  company_no: number;
  client_id: string;
}

export interface ConversationsTable {
  conversation_no: Generated<number>;
  company_no: number;
  conversation_id: string;
  /** The Client of its first Message. */
  client_no: number;
  message_count: Generated<number>;
  /** Null only between the interning of its id and the commit of its first Message. */
  first_message_at: Datetime | null;
  last_message_at: Datetime | null;
}

export interface MessagesTable {
  company_no: number;
  conversation_no: number;
  created_at: Datetime;
  message_id: Buffer;
  client_no: number;
  role: Role;
  /** The messageId as it was given, when it is no lower-case UUID. */
  external_id: string | null;
  content: string;
  /** JSON text. Not a JSON column: MySQL would reorder keys and round numbers. */
  metadata: string | null;
}

/** What was stored, and where it is now: `stored_total = hot + warm + cold + erased`, summed over slots. */
export interface LedgerTable {
  company_no: number;
  /** UTC day of `created_at`, `YYYY-MM-DD`. */
  day: ColumnType<string, string, never>;
  /** Writers use different slots, so that their commits do not wait for one row. */
  slot: number;
  stored_total: number;
  hot: number;
  warm: number;
  cold: number;
  erased: number;
}

export interface ApiKeysTable {
  key_id: string;
  company_id: string;
  secret_hash: Buffer;
  /** Comma-separated, as MySQL writes a set. */
  scopes: string;
  label: string;
  created_at: Datetime;
  expires_at: Datetime | null;
  revoked_at: Generated<Datetime | null>;
  last_used_at: Generated<Datetime | null>;
}
