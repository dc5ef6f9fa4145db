import { instantOf } from '../domain/instant.ts';
import type { Message } from '../domain/message.ts';
import type { Wiring } from '../wiring.ts';
import { type Dialogue, openDays } from './dialogues.ts';
import { storeHistory } from './store-history.ts';

const QUARTER_MS = 6 * 3_600_000;
const DAY_MS = 4 * QUARTER_MS;
const signal = new AbortController().signal;

/** How long Messages stay in a tier here: what an installation does unless told otherwise. */
const HOT_DAYS = 1;
const WARM_DAYS = 30;

export interface YearShape {
  readonly companies: readonly string[];
  /** `YYYY-MM-DD` */
  readonly firstDay: string;
  readonly messagesPerDay: number;
}

/**
 * Lives an installation day by day, as the fleet would with its hourly schedule: what is said is
 * stored; every six hours what is a day old moves to warm; every day what is thirty days old goes
 * cold; a month that is all cold is compacted.
 */
export function openYear(wiring: Wiring, dialogues: readonly Dialogue[], shape: YearShape) {
  const { companies, messagesPerDay } = shape;
  const nextDay = openDays(dialogues);
  const beginsMs = Date.parse(`${shape.firstDay}T00:00:00Z`);
  const dayAt = (nth: number) => instantOf(beginsMs + nth * DAY_MS).slice(0, 10);
  let days = 0;

  type Batch = Parameters<typeof wiring.archive.move>[0];
  async function moveAll(batchOf: (companyId: string) => Batch): Promise<void> {
    const options = { signal, breathe: async () => {} };
    await Promise.all(
      companies.map((companyId) => wiring.archive.move(batchOf(companyId), options)),
    );
  }

  return {
    /** @param also Is given what is stored, in the same pieces. */
    async liveDay(also?: (messages: readonly Message[]) => Promise<void>): Promise<void> {
      const day = dayAt(days);
      const said = nextDay({ companies, day, messages: messagesPerDay });
      for (let quarter = 1; quarter <= 4; quarter += 1) {
        const until = instantOf(beginsMs + days * DAY_MS + quarter * QUARTER_MS);
        const since = instantOf(Date.parse(until) - QUARTER_MS);
        const isNow = ({ createdAt }: Message) => createdAt >= since && createdAt < until;
        await storeHistory(wiring, said.filter(isNow), also);
        const before = instantOf(Date.parse(until) - HOT_DAYS * DAY_MS);
        await moveAll((companyId) => ({ companyId, tier: 'hot', before }));
      }
      days += 1;
      const old = dayAt(days - WARM_DAYS);
      await moveAll((companyId) => ({ companyId, tier: 'warm', day: old }));
      const month = old.slice(0, 7);
      if (dayAt(days - WARM_DAYS + 1).startsWith(month)) return; // Some of it is still warm.
      await moveAll((companyId) => ({ companyId, tier: 'cold', month }));
    },
  };
}
