/** Draws that are the same in every run. */
export interface SeededRandom {
  /** From [0, 1). */
  uniform(): number;
  /** A whole number from [0, limit). */
  below(limit: number): number;
  /** How often something happens that does so `mean` times on average; a mean of 700 at most. */
  poisson(mean: number): number;
}

/** Mulberry32 (Tommy Ettinger, 2017): 32 bits of state, good enough for made-up Companies. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    uniform,
    below: (limit) => Math.floor(uniform() * limit),
    // Knuth, *The Art of Computer Programming*, vol. 2, §3.4.1.
    poisson(mean) {
      const floor = Math.exp(-mean);
      let events = 0;
      for (let product = uniform(); product > floor; product *= uniform()) events += 1;
      return events;
    },
  };
}
