import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { instantOf } from '../../domain/instant.ts';
import type { LastRun, RunRecord } from '../../domain/schedule.ts';
import { type Context, defineCommand, jsonFlag, UsageError } from '../command.ts';
import { type Installation, withInstallation } from '../installation.ts';
import { table } from '../table.ts';

const ACTIONS = ['list', 'run', 'pause', 'resume'] as const;
type Action = (typeof ACTIONS)[number];

const LOOK_MS = 200;
/** Longer than any run of ours takes. */
const WAIT_MS_MAX = 15 * 60_000;

export const schedule = defineCommand({
  name: 'schedule',
  summary: 'Shows what recurs, and when it ran; runs an entry now, pauses or resumes it',
  operands: '[list | run NAME | pause NAME | resume NAME]',
  flags: {
    'no-wait': { type: 'boolean', help: 'run: end as soon as the run is asked for' },
    ...jsonFlag,
  },
  schema: z.object({
    operands: z.array(z.string()).max(2, { error: 'takes one name at most' }),
    'no-wait': z.boolean().default(false),
    json: z.boolean().default(false),
  }),
  async run({ operands: [word = 'list', name], json, 'no-wait': isLeft }, context) {
    const action = ACTIONS.find((one) => one === word);
    if (!action) throw new UsageError(`${word}: must be one of ${ACTIONS.join(', ')}`);
    return withInstallation(context, async (installation) => {
      await installation.wiring.migrate();
      const output = { json, context };
      if (action === 'list') return list(installation, output);
      const entry = entryOf(installation, action, name);
      if (action === 'run') return run(installation, entry, { ...output, isLeft });
      return setPaused(installation, entry, { ...output, isPaused: action === 'pause' });
    });
  },
});

interface Output {
  readonly json: boolean;
  readonly context: Context;
}

function entryOf({ wiring }: Installation, action: Action, name: string | undefined): string {
  const names = Object.keys(wiring.schedule.entries);
  if (name !== undefined && names.includes(name)) return name;
  const fault = name === undefined ? `${action} needs a name` : `there is no entry ${name}`;
  throw new UsageError(`NAME: ${fault}; the schedule has ${names.join(', ')}`);
}

async function list({ wiring }: Installation, { json, context }: Output): Promise<number> {
  const { entries, timeZone, nextDueAt, read } = wiring.schedule;
  const records = await read();
  const views = Object.entries(entries).map(([name, { pattern, queue, summary }]) => {
    const record = records.find((one) => one.name === name);
    const nextAt = record?.isPaused ? null : instantOf(nextDueAt(name));
    return { name, summary, queue, pattern, timeZone, nextAt, ...reportOf(record) };
  });
  context.print(json ? JSON.stringify({ schedule: views }) : show(views));
  return 0;
}

type View = ReturnType<typeof reportOf> & {
  readonly name: string;
  readonly summary: string;
  readonly pattern: string;
  readonly timeZone: string;
  readonly nextAt: string | null;
};

function show(views: readonly View[]): string {
  const rows = views.map((view) => [
    view.name,
    `${view.pattern} ${view.timeZone}`,
    view.nextAt ?? 'paused',
    view.last?.startedAt ?? 'never',
    view.last ? tookOf(view.last.tookMs) : '–',
    view.last ? outcomeOf(view.last) : '–',
    view.summary,
  ]);
  return table(['entry', 'when', 'next run', 'last run', 'took', 'outcome', 'does'], rows);
}

/** What is known of an entry's runs, for people and programs outside. */
function reportOf(record: RunRecord | undefined) {
  const { isPaused = false, last = null, lastDoneAt = null, runs = 0, skipped = 0 } = record ?? {};
  const done = lastDoneAt === null ? null : instantOf(lastDoneAt);
  return { isPaused, last: last && reportOfRun(last), lastDoneAt: done, runs, skipped };
}

function reportOfRun({ dueAt, startedAt, endedAt, outcome, reason }: LastRun) {
  const tookMs = endedAt === null ? null : endedAt - startedAt;
  return { dueAt: instantOf(dueAt), startedAt: instantOf(startedAt), tookMs, outcome, reason };
}

const tookOf = (tookMs: number | null) => (tookMs === null ? '–' : `${tookMs / 1_000} s`);

const outcomeOf = ({ outcome, reason }: Pick<LastRun, 'outcome' | 'reason'>) =>
  reason === null ? outcome : `${outcome}: ${reason}`;

async function setPaused(
  { wiring }: Installation,
  name: string,
  { isPaused, json, context }: Output & { isPaused: boolean },
): Promise<number> {
  const { pause: pauseEntry, resume, nextDueAt } = wiring.schedule;
  await (isPaused ? pauseEntry(name) : resume(name));
  const nextAt = isPaused ? null : instantOf(nextDueAt(name));
  const sentence = isPaused
    ? `${name} is paused; a run under way goes on`
    : `${name} runs next at ${nextAt}; what was due meanwhile is not made up for`;
  context.print(json ? JSON.stringify({ name, isPaused, nextAt }) : sentence);
  return 0;
}

async function run(
  { wiring }: Installation,
  name: string,
  { isLeft, json, context }: Output & { isLeft: boolean },
): Promise<number> {
  const record = await recordOf(wiring, name);
  if (record?.isPaused) {
    throw new UsageError(`${name} is paused; ./scripts.sh schedule resume ${name} comes first`);
  }
  const fleet = await wiring.queue.inspector.heartbeats();
  if (!isLeft && fleet.length === 0) {
    throw new UsageError(
      'no fleet process is running, so nobody would run it: ./scripts.sh start comes first, or --no-wait',
    );
  }
  // Later than whatever is settled, however the clocks are set: else it would be no new run.
  const dueAt = Math.max(Date.now(), (record?.settledAt ?? 0) + 1);
  await wiring.schedule.ask({ name, dueAt });
  if (isLeft) {
    const asked = { name, dueAt: instantOf(dueAt) };
    context.print(json ? JSON.stringify(asked) : `${name} is asked for`);
    return 0;
  }
  return tell(await untilEnded(wiring, { name, dueAt }, context.signal), { name, json, context });
}

type Wiring = Installation['wiring'];

async function recordOf({ schedule: { read } }: Wiring, name: string) {
  return (await read()).find((one) => one.name === name);
}

/** @returns Null if it did not start, since another run was under way or began first. */
async function untilEnded(
  wiring: Wiring,
  { name, dueAt }: { name: string; dueAt: number },
  signal: AbortSignal,
): Promise<LastRun | null> {
  const until = Date.now() + WAIT_MS_MAX;
  while (Date.now() < until) {
    const record = await recordOf(wiring, name);
    const last = record?.last?.dueAt === dueAt ? record.last : null;
    if (last?.outcome === 'done' || last?.outcome === 'failed') return last;
    if (!last && record && record.settledAt >= dueAt) return null;
    await pause(LOOK_MS, undefined, { signal });
  }
  throw new Error(`${name} has not ended yet; ./scripts.sh schedule tells when it has`);
}

function tell(ended: LastRun | null, { name, json, context }: Output & { name: string }): number {
  const isDone = ended?.outcome === 'done';
  if (json) context.print(JSON.stringify({ name, run: ended && reportOfRun(ended) }));
  else if (!ended) context.say(`${name} was not run: another run is under way, or began first`);
  else {
    const { tookMs } = reportOfRun(ended);
    context.print(`${name} ${outcomeOf(ended)}, took ${tookOf(tookMs)}`);
  }
  return isDone ? 0 : 1;
}
