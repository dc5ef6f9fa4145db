import type { ArchiveBatch } from '../../domain/archive.ts';
import type { Wiring } from '../../wiring.ts';
import { openProgress } from '../progress.ts';
import { type Compared, compare } from './compare.ts';
import { rehearse, type Rehearsal } from './rehearse.ts';
import { type Reached, storeRows, type Work } from './store-rows.ts';

export interface Imported {
  readonly read: number;
  readonly stored: number;
  readonly duplicates: number;
  readonly refused: number;
  /** Seconds that this run took to store rows, to move the old ones to cold, and to compare. */
  readonly seconds: { readonly store: number; readonly move: number; readonly compare: number };
  /** Null if that was not wanted. */
  readonly compared: Compared | null;
}

type Doors = Pick<Wiring, 'imports' | 'archive' | 'readStoredDays'>;

/** Stores the source, lets what is old enough move on to cold, and compares. */
export async function runImport(
  wiring: Doors,
  work: Work,
  { isCompared }: { isCompared: boolean },
): Promise<Imported> {
  const reached = await timed(() => storeWithProgress(wiring, work));
  const moved = await timed(() => moveRipe(wiring, work.signal));
  work.signal.throwIfAborted();
  const compared = await timed(async () => {
    return isCompared ? compareWithProgress(wiring, work, reached.result) : null;
  });
  const { read, stored, refused } = reached.result;
  return {
    read,
    stored,
    duplicates: read - stored - refused,
    refused,
    seconds: { store: reached.seconds, move: moved.seconds, compare: compared.seconds },
    compared: compared.result,
  };
}

export async function runRehearsal(work: Omit<Work, 'fingerprint'>): Promise<Rehearsal> {
  const progress = openProgress({ label: 'reading', unit: 'records', total: work.source.total });
  return rehearse(work, progress).finally(progress.end);
}

async function storeWithProgress(wiring: Doors, work: Work): Promise<Reached> {
  const progress = openProgress({ label: 'importing', unit: 'records', total: work.source.total });
  const reached = await storeRows(wiring, work, progress).finally(progress.end);
  work.signal.throwIfAborted();
  return reached;
}

/** As the Fleet does every hour: day by day, each verified before it leaves the warm tier; then the months. */
async function moveRipe({ archive }: Doors, signal: AbortSignal): Promise<void> {
  for (const tier of ['warm', 'cold'] as const) {
    const ripe = (await archive.findRipe()).filter((batch) => batch.tier === tier);
    if (ripe.length > 0) await moveAll(archive, ripe, signal);
  }
}

/** One waits for the disk while another one is encoded. */
const MOVES_AT_ONCE = 4;

async function moveAll(
  archive: Doors['archive'],
  ripe: readonly ArchiveBatch[],
  signal: AbortSignal,
): Promise<void> {
  let total = 0;
  for (const batch of ripe) total += await archive.count(batch);
  const label = ripe[0]?.tier === 'cold' ? 'compacting months' : 'moving to cold';
  const progress = openProgress({ label, unit: 'messages', total });
  const onMoved = (messages: number) => progress.advance(messages);
  // Day by day over all Companies: two days of one would wait for its row.
  const waiting = ripe.toSorted((a, b) => spanOf(a).localeCompare(spanOf(b))).values();
  const moveNext = async () => {
    for (const batch of waiting) {
      if (signal.aborted) return;
      await archive.move(batch, { signal, onMoved });
    }
  };
  await Promise.all(Array.from({ length: MOVES_AT_ONCE }, moveNext)).finally(progress.end);
}

function spanOf(batch: ArchiveBatch): string {
  if (batch.tier === 'hot') return batch.before;
  return batch.tier === 'warm' ? batch.day : batch.month;
}

function compareWithProgress(wiring: Doors, work: Work, { read }: Reached): Promise<Compared> {
  const progress = openProgress({ label: 'comparing', unit: 'messages', total: read * 2 });
  return compare(wiring, { ...work, read, progress }).finally(progress.end);
}

async function timed<Result>(work: () => Promise<Result>) {
  const startedAt = performance.now();
  const result = await work();
  return { result, seconds: Math.round(performance.now() - startedAt) / 1_000 };
}
