import { seededRandom, type SeededRandom } from '../../bin/seeded-random.ts';

/** Draws that are the same in every run: a test that fails once fails again. */
export interface Random extends SeededRandom {
  chance(probability: number): boolean;
  normal(): number;
  /** Mean 1, variance `dispersion`: what makes good and bad days. */
  gamma(dispersion: number): number;
}

export function randomOf(seed: number): Random {
  const { uniform, below } = seededRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return {
    uniform,
    normal,
    chance: (probability) => uniform() < probability,
    below,
    poisson: (mean) => poisson(mean, uniform),
    gamma: (dispersion) => dispersion * gamma(1 / dispersion, normal, uniform),
  };
}

/** Knuth's product of draws, in steps so that e⁻ᵐ does not vanish. */
function poisson(mean: number, uniform: () => number): number {
  let events = 0;
  for (let rest = mean; rest > 0; rest -= 500) {
    const floor = Math.exp(-Math.min(rest, 500));
    for (let product = uniform(); product > floor; product *= uniform()) events += 1;
  }
  return events;
}

/** Marsaglia and Tsang, *A Simple Method for Generating Gamma Variables*, ACM TOMS 2000. */
function gamma(shape: number, normal: () => number, uniform: () => number): number {
  if (shape < 1) return gamma(shape + 1, normal, uniform) * uniform() ** (1 / shape);
  const d = shape - 1 / 3;
  for (;;) {
    const x = normal();
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - uniform()) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}
