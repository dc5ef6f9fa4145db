import type { Progress } from '../progress.ts';
import { mapBatch, type Work } from './store-rows.ts';

/** What an import would do for one Company. */
export interface CompanyCount {
  readonly companyId: string;
  messages: number;
  firstAt: string;
  lastAt: string;
}

export interface Rehearsal {
  readonly read: number;
  readonly refused: number;
  readonly companies: readonly CompanyCount[];
}

/** Reads, maps and checks everything, and stores nothing. */
export async function rehearse(
  { source, toMessage, rejects, signal }: Pick<Work, 'source' | 'toMessage' | 'rejects' | 'signal'>,
  progress: Progress,
): Promise<Rehearsal> {
  const companies = new Map<string, CompanyCount>();
  let [read, refusedCount] = [0, 0];
  for await (const batch of source.batches(null)) {
    if (signal.aborted) break;
    const { messages, refused } = mapBatch(batch, { toMessage });
    for (const { companyId, createdAt } of messages) count(companyId, createdAt);
    rejects.add(refused);
    read += batch.records.length;
    refusedCount += refused.length;
    progress.advance(batch.records.length);
  }
  return { read, refused: refusedCount, companies: [...companies.values()] };

  function count(companyId: string, createdAt: string): void {
    const known = companies.get(companyId);
    if (!known) {
      companies.set(companyId, { companyId, messages: 1, firstAt: createdAt, lastAt: createdAt });
      return;
    }
    known.messages += 1;
    if (createdAt < known.firstAt) known.firstAt = createdAt;
    if (createdAt > known.lastAt) known.lastAt = createdAt;
  }
}
