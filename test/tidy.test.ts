import { describe, expect, it } from 'vitest';

import { readCheckout } from './tidy/checkout.ts';
import { closedDoors, importCycles, wrongDirections } from './tidy/imports.ts';
import { compiledSyntax, defaultExports, leftovers, strayEnvironment } from './tidy/language.ts';
import { barrels, emptyNames, incompleteQueues, vagueMetrics } from './tidy/layout.ts';
import { lengthReport } from './tidy/lengths.ts';
import { faultLines } from './tidy/source.ts';

const house = readCheckout();

describe('the house is tidy', () => {
  it('imports only along the table of directions', () => {
    expect(faultLines(wrongDirections, house)).toEqual([]);
  });

  it('uses each library only behind its door', () => {
    expect(faultLines(closedDoors, house)).toEqual([]);
  });

  it('has no circle of imports', () => {
    expect(faultLines(importCycles, house)).toEqual([]);
  });

  it('names no file or folder with a word that says nothing', () => {
    expect(faultLines(emptyNames, house)).toEqual([]);
  });

  it('writes nothing that Node cannot run by erasing types', () => {
    expect(faultLines(compiledSyntax, house)).toEqual([]);
  });

  it('exports by name only', () => {
    expect(faultLines(defaultExports, house)).toEqual([]);
  });

  it('reads the environment only at its entry points', () => {
    expect(faultLines(strayEnvironment, house)).toEqual([]);
  });

  it('has a processor and a test for each queue', () => {
    expect(faultLines(incompleteQueues, house)).toEqual([]);
  });

  it('ends each metric in a unit and describes it in the docs', () => {
    expect(faultLines(vagueMetrics, house)).toEqual([]);
  });

  it('leaves nothing to do behind', () => {
    expect(faultLines(leftovers, house)).toEqual([]);
  });

  it('has an index only where it is a list of jobs', () => {
    expect(faultLines(barrels, house)).toEqual([]);
  });

  it('tells how long its files and functions are', () => {
    const report = lengthReport(house);
    console.log(report);
    expect(report).toContain('lines median');
  });
});
