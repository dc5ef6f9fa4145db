import { describe, expect, it } from 'vitest';
import { openConcurrency } from '../../workers/concurrency.ts';

function after(weights: readonly number[]): number | undefined {
  const concurrency = openConcurrency({ jobsMax: 1_000, weightMax: 4_000 });
  return weights.map((weight) => concurrency.note(weight)).at(-1);
}

describe('concurrency', () => {
  it('runs as many light jobs at once as the contract allows', () => {
    expect(after(Array(200).fill(1))).toBe(1_000);
  });

  it('P8: runs so many heavy jobs that together they stay within the weight', () => {
    expect(after(Array(200).fill(100))).toBe(40);
  });

  it('runs one job at a time when each alone is too heavy', () => {
    expect(after(Array(200).fill(50_000))).toBe(1);
  });

  it('takes up speed again when the jobs become light', () => {
    expect(after([...Array(200).fill(50_000), ...Array(400).fill(1)])).toBe(1_000);
  });
});
