import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { quantile, rounded } from '../bin/quantile.ts';
import { table } from '../bin/table.ts';

export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** At least this; null for what is only told. */
  readonly goal: number | null;
  readonly unit: string;
}

/** One value from each round. */
export function figureOf(
  values: readonly number[],
  { goal, unit }: { goal: number | null; unit: string },
): Figure {
  const digits = unit === 'ratio' ? rounded : Math.round;
  return {
    median: digits(quantile(values, 0.5)),
    min: digits(Math.min(...values)),
    max: digits(Math.max(...values)),
    goal,
    unit,
  };
}

/** Shows the figures, and keeps them with what they were measured on under `bench/results/`. */
export async function report(options: {
  bench: string;
  figures: Record<string, Figure>;
  conditions: Record<string, unknown>;
  isJson: boolean;
}): Promise<void> {
  const { bench, figures } = options;
  const machine = {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
  const measuredOn = new Date().toISOString().slice(0, 10);
  const result = { bench, measuredOn, machine, conditions: options.conditions, figures };
  const folder = join(import.meta.dirname, 'results');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${bench}.json`), `${JSON.stringify(result, null, 2)}\n`);

  const rows = Object.entries(figures).map(([name, { median, min, max, goal, unit }]) => {
    return [name, median, `${min} – ${max}`, goal === null ? '' : `≥ ${goal}`, unit];
  });
  const text = table(['figure', 'median', 'range', 'goal', 'unit'], rows);
  process[options.isJson ? 'stderr' : 'stdout'].write(`${text}\n`);
  if (options.isJson) process.stdout.write(`${JSON.stringify({ bench, figures })}\n`);
}
