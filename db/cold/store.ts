/** Where Segments lie: a folder, or a bucket. Objects are written once, and never changed. */
export interface ColdStore {
  /**
   * Writes an object, all of it or none; durable when it resolves.
   *
   * @throws PipelineError `OBJECT_EXISTS` if the key is taken; `COLD_UNREACHABLE`.
   */
  put(key: string, parts: AsyncIterable<Uint8Array>): Promise<void>;
  /**
   * @param range Bytes from `from` to `to`, which is not included.
   * @throws PipelineError `OBJECT_MISSING`; `SEGMENT_CORRUPT` if the object ends before; `COLD_UNREACHABLE`.
   */
  read(key: string, range: { from: number; to: number }): Promise<Uint8Array>;
  /** @returns Null if there is no such object. */
  head(key: string): Promise<{ bytes: number } | null>;
  /** Where programs of others find an object: a path, or `s3://bucket/key`. */
  addressOf(key: string): string;
  /** In no particular order. */
  list(prefix: string): AsyncIterable<StoredObject>;
  /** Does nothing if it is gone already. */
  remove(key: string): Promise<void>;
  close(): void;
}

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly writtenAtMs: number;
}
