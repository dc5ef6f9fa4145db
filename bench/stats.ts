import { setTimeout as pause } from 'node:timers/promises';
import { quantile } from '../bin/quantile.ts';
import { readConfig } from '../config.ts';
import { dayOf, instantOf } from '../domain/instant.ts';
import type { Message } from '../domain/message.ts';
import type { StatsRequest } from '../domain/stats.ts';
import { spanToCount } from '../domain/usage.ts';
import { openWiring, type Wiring } from '../wiring.ts';
import { describeDialogues, openDays, readDialogues } from './dialogues.ts';
import { figureOf, report } from './figures.ts';
import { openBenchHouse } from './house.ts';
import { cpuSecondsOf } from './processes.ts';
import { readFlags, repeat, say } from './rounds.ts';
import { storeHistory } from './store-history.ts';

/** What does it cost to count what is said, and how soon are statistics there? */

const HELP = `./scripts.sh bench stats [DIALOGUES…] [--rounds N] [--json]

A company with a million messages in thirty days. Two hours of a day of one million more are lived: every
50 seconds what was said meanwhile is stored, and counted as the fleet would.
  count_s_per_million  seconds of one core, ours and MySQL's, to count a million messages
  stats_p99_ms         statistics of thirty days, half of them in no cache
  client_stats_p99_ms  the same of one client each, in no cache

  DIALOGUES…  JSON Lines, also .gz, whose texts are taken (default: those of the demo)
  --rounds N  rounds, at least 1 (default 3)
  --json      the figures as one JSON object on the last line`;

const COMPANY = 'lantern-loop';
const DAY_MS = 86_400_000;
const DAYS = 30;
const MESSAGES = 1_000_000;
/** `COUNT_AFTER_SECONDS`, unless somebody wants it otherwise. */
const WINDOW_MS = 50_000;
const HOURS_LIVED = 2;
const ASKED = 100;
const IDLE_LOOK_MS = 50;
const IDLE_LOOKS_MAX = 40;
const { signal } = new AbortController();

const flags = readFlags(HELP, { rounds: 3, seconds: 1 });
if (flags) await main(flags);

async function main({ files, rounds, isJson }: NonNullable<typeof flags>): Promise<void> {
  const dialogues = readDialogues(files);
  const house = await openBenchHouse({ fleetProcesses: 0 });
  const wiring = openWiring(readConfig(house.env));
  const todayMs = Date.parse(dayOf(instantOf(Date.now())));
  const nextDay = openDays(dialogues);
  const dayOfMessages = (atMs: number, messages: number) =>
    nextDay({ companies: [COMPANY], day: dayOf(instantOf(atMs)), messages });
  try {
    for (let nth = DAYS; nth >= 1; nth -= 1) {
      await liveDay(wiring, dayOfMessages(todayMs - nth * DAY_MS, MESSAGES / DAYS));
      if (nth % 10 === 1) say(`${nth - 1} of ${DAYS} days to go`);
    }
    const { mysql: mysqlPid } = await house.pids();
    let beginsMs = todayMs;
    const measured = await repeat(rounds, async () => {
      beginsMs += HOURS_LIVED * 3_600_000;
      const [begins, ends] = [beginsMs, beginsMs + HOURS_LIVED * 3_600_000].map(instantOf);
      // Of the day only these: a million objects in this process make the garbage of counting dear.
      const hours = dayOfMessages(todayMs, MESSAGES).filter(({ createdAt }) => {
        return createdAt >= (begins ?? '') && createdAt < (ends ?? '');
      });
      const counting = await liveHours(wiring, mysqlPid, hours, beginsMs);
      return { counting, ...(await readAll(wiring, hours)) };
    });
    await report({
      bench: 'stats',
      figures: figuresOf(measured),
      conditions: {
        rounds,
        messages: MESSAGES,
        windowSeconds: WINDOW_MS / 1_000,
        dialogues: describeDialogues(dialogues),
        ...(await house.conditions()),
      },
      isJson,
    });
  } finally {
    await wiring.close();
    await house.close();
  }
}

async function liveDay(wiring: Wiring, messages: readonly Message[]): Promise<void> {
  await storeHistory(wiring, messages);
  const at = messages[0]?.createdAt ?? '';
  const span = { from: at, to: instantOf(Date.parse(at) + DAY_MS) };
  await wiring.deps.recount({ companyId: COMPANY, span }, signal);
}

/** @returns Seconds of processor time for counting a million messages. */
async function liveHours(
  wiring: Wiring,
  mysqlPid: number,
  hours: readonly Message[],
  beginsMs: number,
): Promise<number> {
  let [seconds, counted, at] = [0, 0, 0];
  const windows = (HOURS_LIVED * 3_600_000) / WINDOW_MS;
  for (let nth = 1; nth <= windows; nth += 1) {
    const untilMs = beginsMs + nth * WINDOW_MS;
    const from = at;
    while (at < hours.length && Date.parse(hours[at]?.createdAt ?? '') < untilMs) at += 1;
    const said = hours.slice(from, at);
    await storeHistory(wiring, said);
    const spans = new Map(
      said.map(({ createdAt }) => [createdAt.slice(0, 16), spanToCount(createdAt, untilMs)]),
    );
    await untilIdle(mysqlPid);
    const before = await cpuSeconds(mysqlPid);
    for (const span of new Map([...spans.values()].map((one) => [one.from, one])).values()) {
      await wiring.deps.recount({ companyId: COMPANY, span }, signal);
    }
    seconds += (await cpuSeconds(mysqlPid)) - before;
    counted += said.length;
  }
  return (seconds / counted) * 1_000_000;
}

/** What storing leaves to MySQL's threads in the background is not counted as counting. */
async function untilIdle(mysqlPid: number): Promise<void> {
  for (let look = 0; look < IDLE_LOOKS_MAX; look += 1) {
    const before = await cpuSecondsOf(mysqlPid);
    await pause(IDLE_LOOK_MS);
    if ((await cpuSecondsOf(mysqlPid)) === before) return;
  }
}

async function cpuSeconds(mysqlPid: number): Promise<number> {
  return (await cpuSecondsOf(process.pid)) + (await cpuSecondsOf(mysqlPid));
}

async function readAll(wiring: Wiring, today: readonly Message[]) {
  const request: StatsRequest = {
    companyId: COMPANY,
    days: DAYS,
    timeZone: 'America/Sao_Paulo',
    by: 'day',
  };
  const company: number[] = [];
  const client: number[] = [];
  for (let nth = 0; nth < ASKED; nth += 1) {
    if (nth % 2 === 0) await wiring.invalidateCompanyCache(COMPANY);
    company.push(await millisecondsOf(() => wiring.getMessageStats(request)));
    const clientId = today[nth * 97]?.clientId ?? '';
    client.push(await millisecondsOf(() => wiring.getMessageStats({ ...request, clientId })));
  }
  return { company, client };
}

async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function figuresOf(measured: readonly { counting: number; company: number[]; client: number[] }[]) {
  return {
    count_s_per_million: figureOf(
      measured.map(({ counting }) => counting),
      's',
      { atMost: 60 },
    ),
    stats_p99_ms: p99Of(measured.map(({ company }) => company)),
    client_stats_p99_ms: p99Of(measured.map(({ client }) => client)),
  };
}

function p99Of(rounds: readonly (readonly number[])[]) {
  const measured = rounds.map((values) => quantile(values, 0.99));
  return figureOf(measured, 'ms', { atMost: 150 });
}
