/** Limits of one batch; whichever is reached first sends it. */
export interface BatchLimits {
  /** Milliseconds the first item waits for company. */
  readonly lingerMs: number;
  readonly itemsMax: number;
  readonly bytesMax: number;
}

export interface Batcher<Item> {
  /** @param bytes Size of the item; an item larger than a batch goes alone. */
  add(item: Item, bytes: number): Promise<void>;
  /** Sends what waits now. */
  flush(): void;
}

/**
 * Gathers items into batches, as Kafka's producer does: a busy caller pays one round trip for many,
 * an idle one waits `lingerMs` at most. Each item's promise settles with the batch it went in.
 */
export function openBatcher<Item>(
  limits: BatchLimits,
  send: (items: readonly Item[]) => Promise<void>,
): Batcher<Item> {
  let batch = newBatch<Item>();

  function flush(): void {
    clearTimeout(batch.timer);
    const { items, sent } = batch;
    batch = newBatch();
    if (items.length > 0) send(items).then(sent.resolve, sent.reject);
  }

  return {
    add(item, bytes) {
      if (batch.bytes + bytes > limits.bytesMax) flush();
      batch.items.push(item);
      batch.bytes += bytes;
      batch.timer ??= setTimeout(flush, limits.lingerMs);
      const { promise } = batch.sent;
      if (batch.items.length >= limits.itemsMax || batch.bytes >= limits.bytesMax) flush();
      return promise;
    },
    flush,
  };
}

interface Batch<Item> {
  readonly items: Item[];
  readonly sent: PromiseWithResolvers<void>;
  bytes: number;
  timer?: NodeJS.Timeout;
}

function newBatch<Item>(): Batch<Item> {
  return { items: [], sent: Promise.withResolvers<void>(), bytes: 0 };
}
