import { describe, expect, it } from 'vitest';
import type { NumberedRow } from '../../../db/cold/columns.ts';
import { dealOut } from '../../../db/cold/row-groups.ts';
import type { SegmentColumns } from '../../../db/cold/segment.ts';

function* rowsOf(lengths: readonly number[]): Generator<NumberedRow> {
  for (const [conversation, length] of lengths.entries()) {
    for (let nth = 0; nth < length; nth += 1) {
      yield {
        conversation_no: conversation,
        conversation_id: `c-${conversation}`,
        client_id: 'ana',
        created_at: '2026-03-01 12:00:00.000',
        message_id: Buffer.alloc(16, nth),
        external_id: null,
        role: 'user',
        content: 'Oi',
        metadata: null,
      };
    }
  }
}

async function dealt(lengths: readonly number[]): Promise<SegmentColumns[]> {
  async function* inPieces() {
    const rows = [...rowsOf(lengths)];
    while (rows.length > 0) yield rows.splice(0, 1_000);
  }
  const source = dealOut(inPieces());
  const groups: SegmentColumns[] = [];
  while (await source.hasMore()) {
    for await (const group of source.nextSegment()) groups.push(group);
  }
  return groups;
}

describe('row groups', () => {
  it('end with a Conversation, so that its page is one read', async () => {
    const groups = await dealt(Array(1_500).fill(17));
    expect(groups.map(({ conversationNos }) => conversationNos.length)).toEqual(
      [...Array(6).fill(240 * 17), 60 * 17], // 4,096 rows are 240 Conversations, and some.
    );
  });

  it('cut a Conversation that is longer than one of them, and lose nothing', async () => {
    const groups = await dealt([10_000, 3]);
    expect(groups.map(({ conversationNos }) => conversationNos.length)).toEqual([
      4_096, 4_096, 1_811,
    ]);
  });

  // Red when rows are drawn by their number, however long their texts are.
  it('of long texts are written before more of these are read than one of them takes', async () => {
    const text = 'x'.repeat(64 * 1024);
    let drawn = 0;
    async function* oneByOne() {
      for (const row of rowsOf([1_000])) {
        drawn += 1;
        yield [{ ...row, content: text }];
      }
    }
    const source = dealOut(oneByOne());
    expect(await source.hasMore()).toBe(true);
    const { value: first } = await source.nextSegment().next();
    expect(first?.conversationNos).toHaveLength(17); // The last of them is past 1 MiB.
    expect(drawn).toBeLessThanOrEqual(18);
  });

  it('are as many as are needed, where the rows end with one of them', async () => {
    expect(await dealt([4_096])).toHaveLength(1);
    expect(await dealt([])).toHaveLength(0);
  });
});
