import type { ScheduledRun } from '../domain/schedule.ts';
import type { PayloadOf, QueueName } from './index.ts';

/** An entry: what is put into which queue, and when. */
export type ScheduleEntry = {
  [Name in QueueName]: {
    readonly queue: Name;
    /** Cron, in the installation's time zone; of six fields the first one is seconds. */
    readonly pattern: string;
    readonly payload: PayloadOf<Name>;
    /** One sentence for people: what a run does. */
    readonly summary: string;
  };
}[QueueName];

/** By their names: letters, digits and hyphens. */
export type Schedule = Readonly<Record<string, ScheduleEntry>>;

/** What comes again by itself. */
export const SCHEDULE = {
  archive: {
    queue: 'archive-batch',
    pattern: '0 * * * *',
    payload: {},
    summary: 'finds out which messages are due to leave their tier, and has them moved',
  },
  'clean-cache': {
    queue: 'cache-warm',
    pattern: '*/10 * * * *',
    payload: { clean: true },
    summary: 'drops what the cache keeps of companies that nobody reads any more',
  },
  summaries: {
    queue: 'summarize',
    pattern: '0 2 * * *',
    payload: {},
    summary:
      'has conversations summarized in which something was said since, spread over the night',
  },
  reconcile: {
    queue: 'aggregate',
    pattern: '30 3 * * *',
    payload: { due: 'usage' },
    summary: 'compares what was counted with the Ledger, and has days counted that differ',
  },
  patterns: {
    queue: 'aggregate',
    pattern: '30 4 * * *',
    payload: { due: 'patterns' },
    summary: 'looks anew for the patterns that somebody asks for',
  },
} as const satisfies Schedule;

/** Job ids of BullMQ's own scheduler, and of runs that we ask for. */
const OF_SCHEDULER = 'repeat:';
const ASKED_FOR = 'run.';
const RUN_ID = /^(?:repeat:|run\.)([a-z0-9-]+)[:.](\d+)$/;

/** @returns Null for a job that is no run of the schedule, as nearly all are. */
export function runOf(jobId: string | undefined): ScheduledRun | null {
  const [, name, dueAt] = RUN_ID.exec(jobId ?? '') ?? [];
  return name === undefined ? null : { name, dueAt: Number(dueAt) };
}

/** The ids that the job of a run may have: as the scheduler makes it, and as we do. */
export function jobIdsOf({ name, dueAt }: ScheduledRun) {
  return {
    planned: `${OF_SCHEDULER}${name}:${dueAt}`,
    askedFor: `${ASKED_FOR}${name}.${dueAt}`,
  };
}
