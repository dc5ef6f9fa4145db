import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { quantile, rounded } from '../bin/quantile.ts';
import { table } from '../bin/table.ts';

export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Null for what is only told. */
  readonly goal: number | null;
  readonly goalIs: 'at least' | 'at most' | null;
  readonly unit: string;
}

export type Goal = { readonly atLeast: number } | { readonly atMost: number };

/** A ratio may be far below one. */
const DIGITS: Record<string, (value: number) => number> = {
  ms: rounded,
  ratio: (value) => Math.round(value * 1_000) / 1_000,
};

/** @param values One from each round. */
export function figureOf(
  values: readonly number[],
  unit: string,
  goal: Goal | null = null,
): Figure {
  const digits = DIGITS[unit] ?? Math.round;
  return {
    median: digits(quantile(values, 0.5)),
    min: digits(Math.min(...values)),
    max: digits(Math.max(...values)),
    ...told(goal),
    unit,
  };
}

function told(goal: Goal | null): Pick<Figure, 'goal' | 'goalIs'> {
  if (goal === null) return { goal, goalIs: null };
  if ('atLeast' in goal) return { goal: goal.atLeast, goalIs: 'at least' };
  return { goal: goal.atMost, goalIs: 'at most' };
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

  const rows = Object.entries(figures).map(([name, { median, min, max, unit, goal, goalIs }]) => {
    const sign = goalIs === 'at most' ? '≤' : '≥';
    return [name, median, `${min} – ${max}`, goal === null ? '' : `${sign} ${goal}`, unit];
  });
  const text = table(['figure', 'median', 'range', 'goal', 'unit'], rows);
  process[options.isJson ? 'stderr' : 'stdout'].write(`${text}\n`);
  if (options.isJson) process.stdout.write(`${JSON.stringify({ bench, figures })}\n`);
}
