/** Where in the life of its job a processor runs. */
export interface Attempt {
  /** How often the job failed before; to wait for a server is no failure. */
  readonly failures: number;
  /** False after a failure, a wait, the end of a worker, and `redrive`. */
  readonly isFirst: boolean;
}
