import { expect, it } from 'vitest';
import { groupsOf } from '../../../db/usage/turn-groups.ts';

it('a group of Conversations has so many Messages at most, unless one alone has more', () => {
  const lengths = [3, 4, 3, 11, 1, 9, 1];
  const lives = new Map(lengths.map((messages, no) => [no, { messages }]));
  const groups = groupsOf(lives, 10).map((group) => [...group.values()]);
  expect(groups.map((group) => group.map(({ messages }) => messages))).toEqual([
    [3, 4, 3],
    [11],
    [1, 9],
    [1],
  ]);
  expect(groupsOf(new Map(), 10)).toEqual([]);
});
