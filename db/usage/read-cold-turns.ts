import type { Role } from '../../domain/message.ts';
import type { Entry } from '../cold/catalogue.ts';
import { coldUnconfigured } from '../cold/faults.ts';
import type { Cold } from '../cold/open-cold.ts';
import { messageIdAt, type SegmentColumns } from '../cold/segment.ts';
import { segmentGroups } from '../cold/walk-segment.ts';
import { timeOf } from '../datetime.ts';
import type { Names } from '../names.ts';
import type { KnownTurn, TurnsWanted } from './read-turns.ts';

/** Reads Conversations out of the cold tier, some at a time, each Segment once from front to back. */
export interface ColdTurns {
  /**
   * @param wanted.conversationNos Sorted, and beyond those that were asked for before.
   * @param segments               Those that may hold them now.
   */
  read(wanted: TurnsWanted, segments: readonly Entry[]): Promise<KnownTurn[]>;
  close(): Promise<void>;
}

interface Deps {
  readonly names: Names;
  readonly cold: Cold;
}

/** A Segment, and how far it was read. */
interface Walk {
  readonly groups: AsyncGenerator<SegmentColumns, unknown>;
  columns: SegmentColumns | null;
  at: number;
}

export function openColdTurns({ names, cold }: Deps): ColdTurns {
  const walks = new Map<string, Walk>();

  function walkOf(segment: Entry): Walk {
    if (cold === null) throw coldUnconfigured();
    let walk = walks.get(segment.segmentId);
    if (!walk) {
      walk = { groups: segmentGroups(cold, segment), columns: null, at: 0 };
      walks.set(segment.segmentId, walk);
    }
    return walk;
  }

  return {
    async read(wanted, segments) {
      const { companyNo } = wanted;
      const turns: KnownTurn[] = [];
      for (const segment of segments) {
        for (const turn of await readOn(walkOf(segment), wanted)) {
          const clientNo = (await names.clientNo(companyNo, turn.clientId)) ?? 0;
          turns.push({ ...turn, clientNo });
        }
      }
      return turns;
    },
    async close() {
      for (const { groups } of walks.values()) await groups.return(undefined);
    },
  };
}

type NamedTurn = Omit<KnownTurn, 'clientNo'> & { readonly clientId: string };

/** Up to the last Conversation that is wanted. */
async function readOn(walk: Walk, wanted: TurnsWanted): Promise<NamedTurn[]> {
  const lastNo = wanted.conversationNos.at(-1) ?? 0;
  const isWanted = new Set(wanted.conversationNos);
  const [fromMs, toMs] = [timeOf(wanted.from), timeOf(wanted.to)];
  const turns: NamedTurn[] = [];
  for (;;) {
    if (walk.columns === null || walk.at === walk.columns.conversationNos.length) {
      const next = await walk.groups.next();
      if (next.done) return turns;
      [walk.columns, walk.at] = [next.value, 0];
    }
    const { columns } = walk;
    for (; walk.at < columns.conversationNos.length; walk.at += 1) {
      const no = columns.conversationNos[walk.at] ?? 0;
      if (no > lastNo) return turns;
      const timeMs = columns.createdAtMs[walk.at] ?? 0;
      if (isWanted.has(no) && timeMs >= fromMs && timeMs < toMs) {
        turns.push(turnAt(columns, walk.at));
      }
    }
  }
}

function turnAt(columns: SegmentColumns, at: number): NamedTurn {
  return {
    conversationNo: columns.conversationNos[at] ?? 0,
    atMs: columns.createdAtMs[at] ?? 0,
    messageId: Buffer.from(messageIdAt(columns.messageIds, at)),
    clientId: columns.clientIds[at] ?? '',
    role: columns.roles[at] as Role,
    bytes: Buffer.byteLength(columns.contents[at] ?? ''),
  };
}
