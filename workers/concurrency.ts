/** How far one job moves the average: the last forty or so decide. */
const NEWEST_SHARE = 0.05;

/**
 * How many jobs of a queue may run at once, by how heavy they are: a thousand of one Message each, or
 * forty of a hundred. So a full queue fills the transactions, and memory stays bounded all the same.
 */
export function openConcurrency(limits: { jobsMax: number; weightMax: number }) {
  let averageWeight = limits.weightMax / limits.jobsMax;

  return {
    /** @returns Jobs at once, from 1 to `jobsMax`, now that one of this weight has come. */
    note(weight: number): number {
      averageWeight += (weight - averageWeight) * NEWEST_SHARE;
      const jobs = Math.round(limits.weightMax / Math.max(averageWeight, Number.EPSILON));
      return Math.max(1, Math.min(limits.jobsMax, jobs));
    },
  };
}
