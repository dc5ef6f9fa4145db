import { describe, expect, it } from 'vitest';
import { incompleteBeta, logGamma } from '../../../domain/patterns/incomplete-beta.ts';
import {
  binomialTail,
  negativeBinomialTail,
  normalTail,
  poissonTail,
  studentTail,
} from '../../../domain/patterns/tail-probability.ts';

// What is expected was computed with SciPy 1.17.
const near = (value: number, expected: number, digits = 1e-10) =>
  expect(Math.abs(value / expected - 1)).toBeLessThan(digits);

describe('logGamma', () => {
  it.each([
    [0.1, 2.252712651734206],
    [0.5, 0.5723649429247001],
    [10, 12.801827480081469],
    [1000.5, 5908.674175848678],
  ])('of %d is %d', (x, expected) => near(logGamma(x), expected));

  it.each([1, 2])('of %i is 0', (x) => expect(logGamma(x)).toBeCloseTo(0, 12));
});

describe('incompleteBeta', () => {
  it.each([
    [0.4, 2, 3, 0.5248],
    [0.3, 0.5, 0.5, 0.36901011956554536],
    [0.3, 100, 200, 0.10884306564490986],
    [0.995, 1000, 10, 0.9668822601436339],
  ])('at %d of %d and %d is %d', (x, a, b, expected) => near(incompleteBeta(x, a, b), expected));

  it('goes from 0 to 1', () => {
    expect([incompleteBeta(0, 2, 3), incompleteBeta(1, 2, 3)]).toEqual([0, 1]);
  });
});

describe('poissonTail', () => {
  it.each([
    [1, 0.1, 0.09516258196404044],
    [3, 0.5, 0.014387677966970684],
    [10, 4, 0.008132242796933871],
    [150, 100, 1.8842104660386844e-6],
    [1200, 1000, 4.684203855872292e-10],
  ])('of %i where %d are expected is %d', (count, mean, expected) =>
    near(poissonTail(count, mean), expected, 1e-9),
  );

  it('is the rest to 1 of all fewer', () => {
    for (const count of [1, 5, 10, 11, 25]) {
      const terms = Array.from({ length: count }, (_, at) =>
        Math.exp(at * Math.log(10) - 10 - logGamma(at + 1)),
      );
      const fewer = terms.reduce((sum, term) => sum + term, 0);
      expect(poissonTail(count, 10)).toBeCloseTo(1 - fewer, 12);
    }
  });

  it('is certain of nothing, and impossible where nothing can be', () => {
    expect([poissonTail(0, 3), poissonTail(1, 0)]).toEqual([1, 0]);
  });
});

describe('negativeBinomialTail', () => {
  it.each([
    [3, 0.5, 1, 0.03703703703703705],
    [10, 4, 0.5, 0.07514662963527473],
    [150, 100, 0.01, 0.0007405830665641242],
    [5, 0.05, 2, 1.5895531755964138e-6],
  ])('of %i where %d are expected, dispersion %d, is %d', (count, mean, dispersion, expected) =>
    near(negativeBinomialTail(count, mean, dispersion), expected),
  );

  it('becomes that of Poisson without dispersion', () => {
    near(negativeBinomialTail(150, 100, 0), poissonTail(150, 100));
    near(negativeBinomialTail(150, 100, 1e-7), poissonTail(150, 100), 1e-3);
  });
});

describe('binomialTail', () => {
  it.each([
    [4, 4, 0.1, 1e-4],
    [8, 10, 0.5, 0.0546875],
    [60, 400, 0.1, 0.0010528245171127764],
    [1, 1000, 0.0001, 0.09516710644145375],
  ])('of %i of %i at %d is %d', (successes, trials, probability, expected) =>
    near(binomialTail(successes, trials, probability), expected),
  );
});

describe('studentTail', () => {
  it.each([
    [2.228, 10, 0.02500588590855566],
    [1, 1, 0.25],
    [3.5, 33.3, 0.0006724068749362177],
    [-1, 5, 0.8183912661754386],
    [12, 4, 0.0001382142742514865],
  ])('of %d with %d degrees of freedom is %d', (t, degrees, expected) =>
    near(studentTail(t, degrees), expected),
  );
});

describe('normalTail', () => {
  it.each([
    [0, 0.5],
    [1.96, 0.024997895148220435],
    [-1, 0.8413447460685429],
    [3.5, 0.00023262907903552502],
    [6, 9.865876450376946e-10],
  ])('of %d is %d', (z, expected) => near(normalTail(z), expected, 2e-7));
});
