import type { ArchiveBatch } from '../domain/archive.ts';
import type { PayloadOf } from '../queues/index.ts';

export interface ArchiveBatchDeps {
  /** All that is old enough to leave its tier now. */
  findRipe(): Promise<readonly ArchiveBatch[]>;
  archiveLater(batch: ArchiveBatch): Promise<void>;
  /** Removes what compaction replaced a while ago. */
  removeRetired(): Promise<unknown>;
  /** Moves all of it, in pieces; ends early when the signal aborts. */
  archive(batch: ArchiveBatch, signal: AbortSignal): Promise<{ moved: number }>;
}

/**
 * Moves Messages to the next tier, or has all moved that are due. Safe to run twice, and after a
 * death at any point: it goes on with what is still there.
 */
export async function archiveMessages(
  job: PayloadOf<'archive-batch'>,
  deps: ArchiveBatchDeps,
  signal: AbortSignal,
) {
  if (job.tier !== undefined) return deps.archive(job, signal);
  const ripe = await deps.findRipe();
  for (const batch of ripe) await deps.archiveLater(batch);
  await deps.removeRetired();
  return { asked: ripe.length };
}
