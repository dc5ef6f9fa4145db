import { memoryBytesOf } from './processes.ts';

export interface MemoryUse {
  readonly startMib: number;
  readonly maxMib: number;
  readonly endMib: number;
  /** Of the second half, when all is warm; by least squares. */
  readonly mibPerMinute: number;
}

const SAMPLE_MS = 500;
const MIB = 2 ** 20;

interface Sample {
  readonly minutes: number;
  readonly mib: number;
}

/** Watches the memory of processes until it is told to stop. */
export function watchMemory<Name extends string>(pids: Readonly<Record<Name, number>>) {
  const names = Object.keys(pids) as Name[];
  const samples = new Map<Name, Sample[]>(names.map((name) => [name, []]));
  const startedAt = performance.now();

  async function sample(): Promise<void> {
    for (const name of names) {
      const mib = (await memoryBytesOf(pids[name])) / MIB;
      samples.get(name)?.push({ minutes: (performance.now() - startedAt) / 60_000, mib });
    }
  }

  void sample();
  const timer = setInterval(() => void sample(), SAMPLE_MS);
  return {
    stop(): Record<Name, MemoryUse> {
      clearInterval(timer);
      const uses = names.map((name) => [name, useOf(samples.get(name) ?? [])] as const);
      return Object.fromEntries(uses) as Record<Name, MemoryUse>;
    },
  };
}

function useOf(samples: readonly Sample[]): MemoryUse {
  const mib = samples.map((sample) => sample.mib);
  return {
    startMib: Math.round(mib.at(0) ?? NaN),
    maxMib: Math.round(Math.max(...mib)),
    endMib: Math.round(mib.at(-1) ?? NaN),
    mibPerMinute: slopeOf(samples.slice(samples.length >> 1)),
  };
}

function slopeOf(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [minutes, mib] = [mean((one) => one.minutes), mean((one) => one.mib)];
  const shared = mean((one) => (one.minutes - minutes) * (one.mib - mib));
  return shared / mean((one) => (one.minutes - minutes) ** 2);
}
