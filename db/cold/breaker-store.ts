import { PipelineError } from '../../domain/errors.ts';
import { coldUnreachable } from './faults.ts';
import type { ColdStore } from './store.ts';

const LIMITS = {
  /** For so long a store that could not be reached is taken to be still away. */
  awayMs: 2_000,
  /** Less than an HTTP request has, with all that a store tries by itself meanwhile. */
  answerMsMax: 4_000,
};
/** What a page reads is smaller; of what is larger, each piece of this size has as long. */
const PIECE_BYTES = 1024 * 1024;

/**
 * Reads that fail at once while the store is away. Each would wait for its timeouts otherwise, one
 * after the other: a page, which can say so at once, and late Messages, behind which young ones wait.
 */
export function openBreakerStore(store: ColdStore, limits: Partial<typeof LIMITS> = {}): ColdStore {
  const { awayMs, answerMsMax } = { ...LIMITS, ...limits };
  let fault: unknown;
  let awayUntil = -Infinity;

  async function ask<Answer>(
    doing: string,
    pieces: number,
    answer: () => Promise<Answer>,
  ): Promise<Answer> {
    if (performance.now() < awayUntil) throw fault;
    try {
      return await within(answerMsMax * Math.max(1, pieces), doing, answer());
    } catch (error) {
      if (error instanceof PipelineError && error.code === 'COLD_UNREACHABLE') {
        fault = error;
        awayUntil = performance.now() + awayMs;
      }
      throw error;
    }
  }

  return {
    ...store,
    read(key, range) {
      const pieces = (range.to - range.from) / PIECE_BYTES;
      return ask(`reading ${key}`, pieces, () => store.read(key, range));
    },
    head: (key) => ask(`looking for ${key}`, 1, () => store.head(key)),
  };
}

async function within<Answer>(
  msMax: number,
  doing: string,
  answer: Promise<Answer>,
): Promise<Answer> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const cause = new DOMException(`took longer than ${msMax} ms`, 'TimeoutError');
  const timer = setTimeout(() => reject(coldUnreachable(doing, cause)), msMax);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
