/**
 * One run of an entry of the schedule. The moment at which it is due tells it from the others, so two
 * jobs of the same moment are the same run. All times here are milliseconds since 1970.
 */
export interface ScheduledRun {
  readonly name: string;
  readonly dueAt: number;
}

/** What became of a run: `retrying` will be tried again, `interrupted` has lost its process. */
export type RunOutcome = 'running' | 'done' | 'retrying' | 'failed' | 'interrupted';

/** The run of an entry that started last. */
export interface LastRun {
  readonly dueAt: number;
  readonly startedAt: number;
  /** Null while it runs, and for one that was interrupted. */
  readonly endedAt: number | null;
  readonly outcome: RunOutcome;
  /** Why it was not done; null if it was, or runs. */
  readonly reason: string | null;
}

/** What is known of the runs of an entry. */
export interface RunRecord {
  readonly name: string;
  readonly isPaused: boolean;
  /** What was due until then needs no run any more: it had one, or was skipped, or nobody wants it. */
  readonly settledAt: number;
  /** Null if there was none yet. */
  readonly last: LastRun | null;
  readonly lastDoneAt: number | null;
  /** Attempts that started. */
  readonly runs: number;
  /** Runs that were due while another one was under way. */
  readonly skipped: number;
}

/** What is to be done about a run that is due. */
export type RunVerdict =
  /** It is ours: nobody else runs this entry until it ends. */
  | 'taken'
  /** The very same run is under way, or its process died a moment ago: ask again later. */
  | 'busy'
  /** An earlier run is still under way. */
  | 'overlapping'
  /** A run that started since has covered it. */
  | 'settled'
  | 'paused';
