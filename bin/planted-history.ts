import { instantOf, DAY_MS, HOUR_MS } from '../domain/instant.ts';
import type { Message } from '../domain/message.ts';
import { newMessageId } from '../domain/message-id.ts';
import { type LocalHour, localClockOf } from '../domain/patterns/local-time.ts';
import type { PlantedDialogue, PlantedDialogues } from './planted-dialogues.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';

/** Four months of one Company of the demo, made up so that there is something to be found in it. */
export interface PlantedHistory {
  readonly companyId: string;
  /** By whose clock it opens, and is busy. */
  readonly timeZone: string;
  /** The oldest first. */
  readonly conversations: readonly (readonly Message[])[];
  readonly clientAtRisk: string;
  /** `YYYY-MM-DD`, a Wednesday. */
  readonly unusualDay: string;
}

const COMPANY = 'netpitanga';
const TIME_ZONE = 'America/Sao_Paulo';
const SEED = 4_711;
const MINUTE_MS = 60_000;

export const PLANTED_DAYS = 120;
export const PEAK = { weekday: 1, hour: 10 } as const;
const SLOW = { weekday: 5, hours: [13, 14, 15, 16] } as const;
/** Then the bot asks for a long number on the back of a device, and Clients leave. */
export const BREAK_OFF_MESSAGES = 4;
/** Of the Clients; the others come once. */
export const RETURNING_SHARE = 1 / 3;
export const RISING_SHARE = { before: 0.04, after: 0.28 } as const;

const WEDNESDAY = 3;
/** Conversations begun in an hour, on average. */
const VISITS = { peak: 4, slow: 0.7, day: 0.42, night: 0.02 } as const;
const BREAK_OFF_SHARE = 0.16;
const UNUSUAL_FACTOR = 8;
/** Ends some hours ago, when nobody speaks any more. */
const QUIET_HOURS = 3;
const REGULARS = 150;
const REGULAR_VISITS_SHARE = 0.7;
const UNUSUAL_DAYS_AGO = 45;
const FALLING_EVERY_MS = 18 * HOUR_MS;

/**
 * Makes up the history: each call gives new ids, and else the same for the same moment.
 *
 * @param now Milliseconds since 1970.
 */
export function plantHistory(dialogues: PlantedDialogues, now: number): PlantedHistory {
  const run = now.toString(36);
  const unusualDay = unusualDayBefore(now);
  const clientAtRisk = `clara.menezes-${run}`;
  const random = seededRandom(SEED);
  const visits = [
    ...everydayVisits({ dialogues, now, run, unusualDay, random }),
    ...fallingVisits({ dialogues, now, clientAtRisk }),
  ].toSorted((a, b) => a.startedAt - b.startedAt);
  return {
    companyId: COMPANY,
    timeZone: TIME_ZONE,
    conversations: visits.map((visit, nth) => speak(visit, `planted-${nth}-${run}`, random)),
    clientAtRisk,
    unusualDay,
  };
}

/** A Client who comes with something. */
interface Visit {
  readonly startedAt: number;
  readonly clientId: string;
  readonly dialogue: PlantedDialogue;
  readonly isSlow: boolean;
}

function unusualDayBefore(now: number): string {
  const clock = localClockOf(TIME_ZONE);
  let at = clock(now - UNUSUAL_DAYS_AGO * DAY_MS);
  for (let days = UNUSUAL_DAYS_AGO; at.weekday !== WEDNESDAY; days += 1) {
    at = clock(now - days * DAY_MS);
  }
  return at.day;
}

interface Everyday {
  readonly dialogues: PlantedDialogues;
  readonly now: number;
  readonly run: string;
  readonly unusualDay: string;
  readonly random: SeededRandom;
}

function everydayVisits(options: Everyday): Visit[] {
  const { now, unusualDay, random } = options;
  const clock = localClockOf(TIME_ZONE);
  const first = Math.ceil((now - PLANTED_DAYS * DAY_MS) / HOUR_MS) * HOUR_MS;
  const visits: Visit[] = [];
  for (let hourMs = first; hourMs < now - QUIET_HOURS * HOUR_MS; hourMs += HOUR_MS) {
    const local = clock(hourMs);
    const isUnusual = local.day === unusualDay;
    const mean = visitsPerHour(local) * (isUnusual ? UNUSUAL_FACTOR : 1);
    for (let left = random.poisson(mean); left > 0; left -= 1) {
      visits.push({
        startedAt: hourMs + random.below(50 * MINUTE_MS),
        clientId: clientOf(options, visits.length),
        dialogue: pickDialogue(options, { hourMs, isUnusual }),
        isSlow: isSlowHour(local),
      });
    }
  }
  return visits;
}

function visitsPerHour(local: LocalHour): number {
  const { weekday, hour } = local;
  if (weekday === PEAK.weekday && hour === PEAK.hour) return VISITS.peak;
  // More than else, so that there are enough answers to tell that they are slow.
  if (isSlowHour(local)) return VISITS.slow;
  return hour >= 7 && hour < 23 ? VISITS.day : VISITS.night;
}

export function isSlowHour({ weekday, hour }: Pick<LocalHour, 'weekday' | 'hour'>): boolean {
  return weekday === SLOW.weekday && SLOW.hours.some((slow) => slow === hour);
}

function clientOf({ run, random }: Everyday, nth: number): string {
  const isRegular = random.uniform() < REGULAR_VISITS_SHARE;
  return isRegular ? `regular-${random.below(REGULARS)}-${run}` : `visitor-${nth}-${run}`;
}

function pickDialogue(
  { dialogues, now, random }: Everyday,
  { hourMs, isUnusual }: { hourMs: number; isUnusual: boolean },
): PlantedDialogue {
  if (isUnusual) return pick(dialogues.unusual, random);
  const isLate = hourMs > now - (PLANTED_DAYS / 2) * DAY_MS;
  const rising = isLate ? RISING_SHARE.after : RISING_SHARE.before;
  const draw = random.uniform();
  if (draw < BREAK_OFF_SHARE) return pick(dialogues.breakOff, random);
  if (draw < BREAK_OFF_SHARE + rising) return pick(dialogues.rising, random);
  return pick(dialogues.everyday, random);
}

/** One Client comes again and again in the last days, in a worse mood each time. */
function fallingVisits(options: {
  dialogues: PlantedDialogues;
  now: number;
  clientAtRisk: string;
}): Visit[] {
  const { falling } = options.dialogues;
  return falling.map((dialogue, nth) => ({
    startedAt: options.now - QUIET_HOURS * HOUR_MS - (falling.length - 1 - nth) * FALLING_EVERY_MS,
    clientId: options.clientAtRisk,
    dialogue,
    isSlow: false,
  }));
}

function speak(visit: Visit, conversationId: string, random: SeededRandom): Message[] {
  const number = String(10_000 + random.below(90_000));
  let atMs = visit.startedAt;
  return visit.dialogue.turns.map(({ role, text }, nth) => {
    if (nth > 0) atMs += pauseBefore(role, visit, random);
    return {
      companyId: COMPANY,
      clientId: visit.clientId,
      conversationId,
      messageId: newMessageId(),
      role,
      content: text.replace('{number}', number),
      createdAt: instantOf(atMs),
      metadata: { channel: 'whatsapp', lang: 'pt' },
    };
  });
}

/** Milliseconds. */
function pauseBefore(role: Message['role'], { isSlow }: Visit, random: SeededRandom): number {
  if (role === 'user') return (15 + random.below(45)) * 1_000;
  return isSlow ? (8 + random.below(8)) * MINUTE_MS : (8 + random.below(40)) * 1_000;
}

function pick<Item>(items: readonly Item[], random: SeededRandom): Item {
  const found = items[random.below(items.length)];
  if (found === undefined) throw new RangeError('nothing to pick from');
  return found;
}
