import { eachAtOnce } from '../../db/each-at-once.ts';
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
  /** How long this run took for each. */
  readonly seconds: Record<'store' | 'move' | 'compact' | 'compare', number>;
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
  const moved = await timed(() => moveRipe(wiring, 'warm', work.signal));
  const compacted = await timed(() => moveRipe(wiring, 'cold', work.signal));
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
    seconds: {
      store: reached.seconds,
      move: moved.seconds,
      compact: compacted.seconds,
      compare: compared.seconds,
    },
    compared: compared.result,
  };
}

export async function runRehearsal(work: Parameters<typeof rehearse>[0]): Promise<Rehearsal> {
  const progress = openProgress({ label: 'reading', unit: 'records', total: work.source.total });
  return rehearse(work, progress).finally(progress.end);
}

async function storeWithProgress(wiring: Doors, work: Work): Promise<Reached> {
  const { read } = await wiring.imports.readCheckpoint(work.fingerprint);
  const left = () => {
    const total = work.source.total();
    return total === null ? null : Math.max(0, total - read);
  };
  const progress = openProgress({ label: 'importing', unit: 'records', total: left });
  const reached = await storeRows(wiring, work, progress).finally(progress.end);
  work.signal.throwIfAborted();
  return reached;
}

/** As the Fleet does every hour: day by day, each verified before it leaves warm; then month by month. */
async function moveRipe(
  { archive }: Doors,
  tier: 'warm' | 'cold',
  signal: AbortSignal,
): Promise<void> {
  const ripe = (await archive.findRipe()).filter((batch) => batch.tier === tier);
  if (ripe.length === 0) return;
  let total = 0;
  for (const batch of ripe) total += await archive.count(batch);
  const label = tier === 'cold' ? 'compacting months' : 'moving to cold';
  const progress = openProgress({ label, unit: 'messages', total });
  const onMoved = (messages: number) => progress.advance(messages);
  await moveAll(ripe, async (batch) => {
    if (!signal.aborted) await archive.move(batch, { signal, onMoved });
  }).finally(progress.end);
}

/** One waits for the disk while another one is encoded. */
const MOVES_AT_ONCE = 4;

async function moveAll(
  ripe: readonly ArchiveBatch[],
  move: (batch: ArchiveBatch) => Promise<void>,
): Promise<void> {
  // Day by day over all Companies: two days of one would wait for its row.
  const inOrder = ripe.toSorted((a, b) => spanOf(a).localeCompare(spanOf(b)));
  await eachAtOnce(inOrder, MOVES_AT_ONCE, move);
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
