/** Lanczos's coefficients for g = 7, n = 9, as Paul Godfrey computed them: good to 15 digits. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
  -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
  1.5056327351493116e-7,
];
const ITERATIONS_MAX = 10_000;
/** Stands for 0 where the fraction would divide by it. */
const TINY = 1e-300;

/** @param x Above 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const base = x + 6.5;
  const series = LANCZOS.reduce((sum, coefficient, at) =>
    at === 0 ? coefficient : sum + coefficient / (x - 1 + at),
  );
  return Math.log(2 * Math.PI) / 2 + (x - 0.5) * Math.log(base) - base + Math.log(series);
}

/**
 * The regularised incomplete beta function Iₓ(a, b), from which the tails of the binomial, the
 * negative binomial and Student's t follow.
 *
 * Its continued fraction by Lentz's method, Press et al., *Numerical Recipes*, 3rd ed., §6.4.
 *
 * @param x From 0 to 1.
 * @param a Above 0.
 * @param b Above 0.
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast on this side of the mean only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);

  const logBeta = logGamma(a) + logGamma(b) - logGamma(a + b);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta) / a;
  return front * betaFraction(x, a, b);
}

function betaFraction(x: number, a: number, b: number): number {
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let c = 1;
  let fraction = d;
  const step = (coefficient: number) => {
    d = 1 / away(1 + coefficient * d);
    c = away(1 + coefficient / c);
    fraction *= d * c;
    return d * c;
  };
  for (let m = 1; m <= ITERATIONS_MAX; m += 1) {
    step((m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)));
    const change = step((-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)));
    if (Math.abs(change - 1) < Number.EPSILON) break;
  }
  return fraction;
}

const away = (value: number) => (Math.abs(value) < TINY ? TINY : value);
