import type { ColumnType, Generated } from 'kysely';
import type { Role } from '../domain/message.ts';
import type { Sentiment } from '../domain/summary.ts';

/** The tables as Kysely sees them; `migrations/` makes them, and says what each index is for. */
export interface Database {
  companies: CompaniesTable;
  clients: ClientsTable;
  conversations: ConversationsTable;
  messages_hot: MessagesTable;
  messages_warm: MessagesTable;
  warm_activity: WarmActivityTable;
  conversation_guests: ConversationGuestsTable;
  tier_ages: TierAgesTable;
  segments: SegmentsTable;
  segment_days: SegmentDaysTable;
  restored_spans: RestoredSpansTable;
  ledger: LedgerTable;
  api_keys: ApiKeysTable;
  imports: ImportsTable;
  conversation_usage: ConversationUsageTable;
  company_usage: CompanyUsageTable;
  schedule_runs: ScheduleRunsTable;
  summaries: SummariesTable;
  wasted_tokens: WastedTokensTable;
  summary_failures: SummaryFailuresTable;
  company_patterns: CompanyPatternsTable;
}

/** `datetime(3)` in UTC, as `YYYY-MM-DD hh:mm:ss.mmm`; see `toDatetime` and `fromDatetime`. */
export type Datetime = string;

export interface CompaniesTable {
  company_no: Generated<number>;
  company_id: string;
  /** Messages since then are in the hot tier only; null: all are. It only grows. */
  hot_since: Generated<Datetime | null>;
  /** Messages since then are not in the cold tier; null: none is. It only grows. */
  warm_since: Generated<Datetime | null>;
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

/** Which Conversations spoke in which five minutes, as far as the warm tier knows them. */
export interface WarmActivityTable {
  company_no: number;
  /** See `bucketOf`. */
  bucket_no: number;
  conversation_no: number;
}

/** Clients that speak in a Conversation another Client began: known once it left the hot tier. */
export interface ConversationGuestsTable {
  client_no: number;
  conversation_no: number;
}

/** When Messages leave a tier. Row 0 is the installation's, the others those of single Companies. */
export interface TierAgesTable {
  company_no: number;
  hot_hours: number;
  warm_days: number;
}

/** The Catalogue of the cold tier. */
export interface SegmentsTable {
  segment_id: string;
  company_no: number;
  /** Only those that are live are read. */
  state: 'writing' | 'live' | 'retired';
  /** Whether the warm tier has let go of its Messages: 1 or 0. */
  is_cleared: Generated<number>;
  made_by: 'move' | 'compact' | 'restore' | 'import';
  object_key: string;
  /** UTC day of its Messages; of the first one, if it holds a month. */
  day: string;
  schema_version: number;
  row_count: Generated<number>;
  size_bytes: Generated<string | number>;
  footer_bytes: Generated<number>;
  first_created_at: Datetime | null;
  last_created_at: Datetime | null;
  first_conversation_no: Generated<number>;
  last_conversation_no: Generated<number>;
  /** Of the object, in hex. */
  sha256: Generated<string>;
  changed_at: Datetime;
}

/** How many Messages of which UTC day a Segment holds. */
export interface SegmentDaysTable {
  segment_id: string;
  day: string;
  row_count: number;
}

/** What was brought back to the warm tier, and until when it stays there. */
export interface RestoredSpansTable {
  company_no: number;
  from_at: Datetime;
  to_at: Datetime;
  until_at: Datetime;
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

/** How far imports of older histories have come. */
export interface ImportsTable {
  fingerprint: string;
  lane: number;
  source: string;
  position: string;
  read_total: string | number;
  stored_total: string | number;
  refused_total: string | number;
  started_at: Datetime;
  changed_at: Datetime;
}

interface UsageCounts {
  user_count: number;
  bot_count: number;
  agent_count: number;
  system_count: number;
  /** Of the contents, in UTF-8. */
  content_bytes: string | number;
}

/** What one Client and those who answered said in a Conversation in one hour. */
export interface ConversationUsageTable extends UsageCounts {
  company_no: number;
  /** UTC hours since 1970. */
  hour_no: number;
  conversation_no: number;
  client_no: number;
  /** Whether the Conversation began here: 1 or 0. */
  is_opened: number;
  last_role: 'user' | 'bot' | 'agent' | null;
  first_wait_ms: number | null;
  /** Milliseconds until each answer, four bytes each. */
  waits: Buffer | null;
  /** How many Messages the Conversation had in all when it was counted. */
  known: number;
}

/** The sums of an hour over all Conversations of a Company. */
export interface CompanyUsageTable extends UsageCounts {
  company_no: number;
  hour_no: number;
  /** How often the rows of the hour have changed, and how often by when they were summed. */
  changes: number;
  summed: number;
  conversations_opened: number;
  /** Who was in it; see `db/usage/number-set.ts`. */
  conversation_nos: Buffer | null;
  client_nos: Buffer | null;
  /** See `domain/wait-sketch.ts`. */
  waits: Buffer | null;
  first_waits: Buffer | null;
}

/** The last run of each entry of the schedule; see `RunRecord`. */
export interface ScheduleRunsTable {
  name: string;
  /** 1 or 0. */
  is_paused: Generated<number>;
  settled_at: Datetime;
  due_at: Generated<Datetime | null>;
  started_at: Generated<Datetime | null>;
  ended_at: Generated<Datetime | null>;
  done_at: Generated<Datetime | null>;
  outcome: Generated<'running' | 'done' | 'retrying' | 'failed' | null>;
  reason: Generated<string | null>;
  runner: Generated<string | null>;
  lease_until: Generated<Datetime | null>;
  runs_total: Generated<string | number>;
  skipped_total: Generated<string | number>;
}

/** Versions of what was said of Conversations. */
export interface SummariesTable {
  company_no: number;
  conversation_no: number;
  version: number;
  /** 1 or 0. */
  is_latest: number;
  made_at: Datetime;
  model: string;
  prompt_version: number;
  /** The last Message it knows, in page order. */
  up_to_at: Datetime;
  up_to_message_id: string;
  message_count: number;
  duration_minutes: number;
  language: string;
  sentiment: Sentiment['label'];
  sentiment_score: number;
  /** JSON text, as the two that follow. */
  course: string;
  tags: string;
  key_points: string;
  summary: string;
  tokens_input: number;
  tokens_output: number;
  cost_micros: string | number;
}

/** Tokens that a Company was charged for on a UTC day without a Summary that is kept. */
export interface WastedTokensTable {
  company_no: number;
  day: string;
  tokens: string | number;
}

/** Why a Conversation has no Summary, as it was when that was tried last. */
export interface SummaryFailuresTable {
  company_no: number;
  conversation_no: number;
  code: string;
  message_count: number;
  failed_at: Datetime;
}

/** The patterns of a Company in a span, as they were found last. */
export interface CompanyPatternsTable {
  company_no: number;
  days: number;
  time_zone: string;
  asked_at: Datetime;
  /** Null until they are found. */
  found_at: Datetime | null;
  /** When looking for them failed; null again when they are found. */
  failed_at: Datetime | null;
  /** JSON text. */
  patterns: string | null;
}
