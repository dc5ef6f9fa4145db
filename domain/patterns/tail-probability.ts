import { incompleteBeta, logGamma } from './incomplete-beta.ts';

/** Below this share of the sum, further terms change nothing that is shown. */
const TERM_SHARE_MIN = 1e-16;

/** How probable `count` events or more are, where `mean` are expected. */
export function poissonTail(count: number, mean: number): number {
  if (count <= 0) return 1;
  if (mean <= 0) return 0;
  const logTerm = (at: number) => at * Math.log(mean) - mean - logGamma(at + 1);
  // Sums the side that is the smaller one, whose terms shrink on the way out.
  if (count > mean) return sumWhile(Math.exp(logTerm(count)), (step) => mean / (count + step));
  return 1 - sumWhile(Math.exp(logTerm(count - 1)), (step) => (count - step) / mean);
}

/**
 * The same where the events come in bursts: the variance is `mean + dispersion × mean²`.
 *
 * @param dispersion 0 for Poisson's.
 */
export function negativeBinomialTail(count: number, mean: number, dispersion: number): number {
  if (count <= 0) return 1;
  if (mean <= 0) return 0;
  const size = 1 / dispersion;
  // Nearer to Poisson's than the beta function can tell.
  if (dispersion * mean < 1e-6) return poissonTail(count, mean);
  return incompleteBeta(mean / (mean + size), count, size);
}

/**
 * How probable `successes` or more of `trials` are, each with the same `probability`. Both may be
 * fractions: of what clusters, only an effective number is counted.
 */
export function binomialTail(successes: number, trials: number, probability: number): number {
  if (successes <= 0) return 1;
  if (successes > trials) return 0;
  return incompleteBeta(probability, successes, trials - successes + 1);
}

/** How probable a Student's t with so many degrees of freedom is that is `t` or more. */
export function studentTail(t: number, degrees: number): number {
  const half = incompleteBeta(degrees / (degrees + t ** 2), degrees / 2, 0.5) / 2;
  return t >= 0 ? half : 1 - half;
}

/**
 * How probable a standard normal value of `z` or more is, to seven digits.
 *
 * The complementary error function of Press et al., *Numerical Recipes*, 2nd ed., §6.2.
 */
export function normalTail(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + x / 2);
  const power = ERFC.reduceRight((sum, coefficient) => coefficient + t * sum, 0);
  const tail = (t * Math.exp(-(x ** 2) + power)) / 2;
  return z >= 0 ? tail : 1 - tail;
}

const ERFC = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
];

function sumWhile(first: number, ratio: (step: number) => number): number {
  let sum = first;
  let term = first;
  for (let step = 1; term > sum * TERM_SHARE_MIN; step += 1) {
    term *= ratio(step);
    sum += term;
  }
  return sum;
}
