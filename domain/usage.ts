import { DAY_MS, dayOf, HOUR_MS, type Instant, instantOf } from './instant.ts';
import type { Role } from './message.ts';

/** A moment's UTC hour, counted from 1970: the buckets of Usage. */
export function hourNoOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS);
}

/** Part of a Company's time whose Usage is counted anew; `to` is not part of it. */
export interface CountSpan {
  readonly from: Instant;
  readonly to: Instant;
}

const SLICE_MS = 5 * 60_000;
/** What is older is late, and rare: it is counted by whole days. */
const SLICED_MS = 26 * HOUR_MS;

/**
 * The span to be counted anew because of a Message. Of a busy hour only the five minutes that changed
 * are looked at: else each look would read the whole hour again.
 *
 * @param nowMs Milliseconds since 1970.
 */
export function spanToCount(createdAt: Instant, nowMs: number): CountSpan {
  const timeMs = Date.parse(createdAt);
  if (timeMs < nowMs - SLICED_MS) return dayToCount(dayOf(createdAt));
  const fromMs = timeMs - (timeMs % SLICE_MS);
  return { from: instantOf(fromMs), to: instantOf(fromMs + SLICE_MS) };
}

/** Whether a span is that of a Message that came in time; else it is a day. */
export function isSlice({ from, to }: CountSpan): boolean {
  return Date.parse(to) - Date.parse(from) === SLICE_MS;
}

/** @param day A UTC day, `YYYY-MM-DD`. */
export function dayToCount(day: string): CountSpan {
  const fromMs = Date.parse(`${day}T00:00:00Z`);
  return { from: instantOf(fromMs), to: instantOf(fromMs + DAY_MS) };
}

/** A Message as far as Usage looks at it. */
export interface Turn {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly role: Role;
  readonly clientNo: number;
  /** Of its content, in UTF-8. */
  readonly bytes: number;
}

/** What one Client and those who answered said in a Conversation in one hour. */
export interface HourUsage {
  readonly hourNo: number;
  readonly clientNo: number;
  readonly messages: Record<Role, number>;
  bytes: number;
  /** Whether the Conversation began here. */
  isOpened: boolean;
  /** Who spoke last, but for the system. */
  lastRole: Exclude<Role, 'system'> | null;
  /** Milliseconds until the first answer of the Conversation, if it is here. */
  firstWaitMs: number | null;
  /** Milliseconds that the Client waited for each answer that is here. */
  readonly waitsMs: number[];
}

/** An answer that comes later is none: the Client has long gone. */
export const WAIT_MS_MAX = DAY_MS;
/** Of more answers in an hour, the others are counted as Messages only. */
const WAITS_PER_HOUR_MAX = 1_000;

/**
 * Counts a Conversation's Usage by hour and Client.
 *
 * A wait begins with the first word of the Client that is not answered yet, and ends with the next
 * word of the bot or an agent. It counts in the hour of the answer, for the Client who is answered. The
 * first one of a Conversation is told apart if it ends within a day after the Conversation began: of a
 * longer way back not all is read.
 *
 * @param turns     In page order; from `WAIT_MS_MAX` before the first hour that is wanted, so that a
 *                  wait which began earlier is known.
 * @param isWhole   Whether the first of them is the first of the Conversation.
 */
export function usageByHour(
  turns: readonly Turn[],
  { isWhole }: { isWhole: boolean },
): HourUsage[] {
  const hours = new Map<string, HourUsage>();
  const firstUntilMs = isWhole ? (turns[0]?.atMs ?? 0) + WAIT_MS_MAX : 0;
  let waitsSince: number | null = null;
  let isAnswered = false;
  for (const [at, turn] of turns.entries()) {
    const usage = hourOf(turn, hours);
    usage.messages[turn.role] += 1;
    usage.bytes += turn.bytes;
    if (at === 0 && isWhole) usage.isOpened = true;
    if (turn.role === 'system') continue;
    usage.lastRole = turn.role;
    if (turn.role === 'user') waitsSince ??= turn.atMs;
    else if (waitsSince !== null) {
      noteWait(usage, turn.atMs - waitsSince, !isAnswered && turn.atMs <= firstUntilMs);
      isAnswered = true;
      waitsSince = null;
    }
  }
  return [...hours.values()];
}

function hourOf({ atMs, clientNo }: Turn, hours: Map<string, HourUsage>): HourUsage {
  const hourNo = hourNoOf(atMs);
  const key = `${hourNo} ${clientNo}`;
  let usage = hours.get(key);
  if (!usage) {
    const messages = { user: 0, bot: 0, agent: 0, system: 0 };
    const nothing = { bytes: 0, isOpened: false, lastRole: null, firstWaitMs: null };
    usage = { hourNo, clientNo, messages, ...nothing, waitsMs: [] };
    hours.set(key, usage);
  }
  return usage;
}

function noteWait(usage: HourUsage, waitMs: number, isFirst: boolean): void {
  if (waitMs > WAIT_MS_MAX || usage.waitsMs.length === WAITS_PER_HOUR_MAX) return;
  usage.waitsMs.push(waitMs);
  if (isFirst) usage.firstWaitMs = waitMs;
}
