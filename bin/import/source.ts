/** Where an older history is read from: a table, or files. */
export interface Source {
  /** For people; without passwords. */
  readonly name: string;
  /** The same only for the same contents: what a checkpoint is known by. */
  readonly identity: string;
  readonly columns: readonly string[];
  /** Its first records, to guess by. */
  readonly samples: readonly Values[];
  /** How many records there are in all, about; null: nobody knows yet. */
  total(): number | null;
  /**
   * All records behind a position, in order; from the first one on if that is null.
   *
   * @param read How many there are up to the position.
   */
  batches(after: string | null, read?: number): AsyncGenerator<Batch>;
  close(): Promise<void>;
}

export type Values = Readonly<Record<string, unknown>>;

/** Some records that follow each other. */
export interface Batch {
  /** The table's or the file's own name: what ids are derived from, with the place within. */
  readonly origin: string;
  readonly records: readonly SourceRecord[];
  /** Behind the last one. */
  readonly position: string;
}

export interface SourceRecord {
  /** Its place within the origin: a line number, or a key. */
  readonly place: string;
  /** Null if it cannot be read at all. */
  readonly values: Values | null;
  readonly fault: string | null;
}

/** Stored in several transactions at once; these are some thousand rows each. */
export const RECORDS_PER_BATCH_MAX = 12_000;
export const TEXT_PER_BATCH_MAX = 4 * 1024 * 1024;
export const SAMPLES_MAX = 100;

/** For people: where a record stands. */
export function placeOf(batch: Batch, record: SourceRecord): string {
  return `${batch.origin}:${record.place}`;
}
