import { describe, expect, it, vi } from 'vitest';
import { openGroupCommit } from '../../db/group-commit.ts';
import type { Message } from '../../domain/message.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { aMessage } from '../house.ts';

const forever = new AbortController().signal;

describe('a group commit', () => {
  it('takes all that comes in one burst together', async () => {
    const { group, commits, until } = openManual();
    for (const name of ['a', 'b', 'c']) void group.add(messages(name), forever);
    await until(1);
    expect(commits[0]?.names).toEqual(['a', 'b', 'c']);
  });

  it('takes all that comes while one commit runs together into the next', async () => {
    const { group, commits, until } = openManual();
    const first = group.add(messages('a'), forever);
    await until(1);
    const others = ['b', 'c'].map((name) => group.add(messages(name), forever));
    commits[0]?.succeed();
    await first;
    await until(2);
    others.push(group.add(messages('d'), forever));
    commits[1]?.succeed();
    await until(3);
    commits[2]?.succeed();
    await Promise.all(others);
    expect(commits.map(({ names }) => names)).toEqual([['a'], ['b', 'c'], ['d']]);
  });

  it('runs one commit at a time', async () => {
    const { group, commits, until } = openManual();
    void group.add(messages('a'), forever);
    await until(1);
    void group.add(messages('b'), forever);
    await new Promise(setImmediate);
    expect(commits).toHaveLength(1);
    commits[0]?.succeed();
    await until(2);
  });

  it('gives everybody the Verdicts on his own Messages, in order', async () => {
    const { group, commits, until } = openManual();
    const calls = [['a', 'b'], [], ['c']].map((names) => group.add(messages(...names), forever));
    await until(1);
    commits[0]?.succeed();
    expect(await Promise.all(calls)).toEqual([[refused('a'), refused('b')], [], [refused('c')]]);
  });

  // Goes red when `takeGroup` does not count bytes. (Each of these has 300, and its letters.)
  it('P8: takes no more bytes at once than allowed, and one who brings more alone', async () => {
    const { group, commits, until } = openManual(1_000, 610);
    const calls = ['aaaaaa', 'bbbb', 'c', 'd'.repeat(700), 'e'].map((name) =>
      group.add(messages(name), forever),
    );
    for (let count = 1; count <= 4; count += 1) {
      await until(count);
      commits[count - 1]?.succeed();
    }
    await Promise.all(calls);
    expect(commits.map(({ names }) => names)).toEqual([
      ['aaaaaa', 'bbbb'],
      ['c'],
      ['d'.repeat(700)],
      ['e'],
    ]);
  });

  // Goes red when `takeGroup` does not count rows.
  it('P8: takes no more rows at once than allowed, and one who brings more alone', async () => {
    const { group, commits, until } = openManual(3);
    const calls = [['a', 'b'], ['c', 'd'], ['e'], ['f', 'g', 'h', 'i'], ['j']].map((names) =>
      group.add(messages(...names), forever),
    );
    for (let count = 1; count <= 4; count += 1) {
      await until(count);
      commits[count - 1]?.succeed();
    }
    await Promise.all(calls);
    expect(commits.map(({ names }) => names.join(''))).toEqual(['ab', 'cde', 'fghi', 'j']);
  });

  it('lets go of one whose time is over, and stores the others', async () => {
    const { group, commits, until } = openManual();
    const first = group.add(messages('a'), forever);
    await until(1);
    const control = new AbortController();
    const [late, patient] = [
      group.add(messages('late'), control.signal),
      group.add(messages('b'), forever),
    ];

    control.abort();

    await expect(late).rejects.toMatchObject(TIMED_OUT);
    commits[0]?.succeed();
    await until(2);
    expect(commits[1]?.names).toEqual(['b']);
    commits[1]?.succeed();
    expect(await Promise.all([first, patient])).toEqual([[refused('a')], [refused('b')]]);
  });

  it('lets go of one while his commit runs, and tells it when nobody waits any more', async () => {
    const { group, commits, until } = openManual();
    const controls = [new AbortController(), new AbortController()];
    const calls = controls.map(({ signal }, at) => group.add(messages(`${at}`), signal));
    await until(1);

    controls[0]?.abort();
    await expect(calls[0]).rejects.toMatchObject(TIMED_OUT);
    expect(commits[0]?.isWanted()).toBe(true);
    controls[1]?.abort();
    await expect(calls[1]).rejects.toMatchObject(TIMED_OUT);
    expect(commits[0]?.isWanted()).toBe(false);
  });

  it('does not even begin for one whose time was over before', async () => {
    const { group, commits } = openManual();
    await expect(group.add(messages('a'), AbortSignal.abort())).rejects.toMatchObject(TIMED_OUT);
    await new Promise(setImmediate);
    expect(commits).toEqual([]);
  });

  it('passes a fault on to those of its own group only, and goes on', async () => {
    const { group, commits, until } = openManual();
    const first = group.add(messages('a'), forever);
    await until(1);
    const second = group.add(messages('b'), forever);
    commits[0]?.fail(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    await until(2);
    commits[1]?.succeed();
    expect(await second).toEqual([refused('b')]);
  });

  it('looks for the one to blame for a fault, so that the others do not die of it', async () => {
    const group = openGroupCommit({
      rowsMax: 1_000,
      bytesMax: Infinity,
      lastFault: () => '',
      commit: async (some) => {
        if (some.some(({ content }) => content === 'poison')) throw new Error('poisoned');
        return some.map(verdictOn);
      },
    });
    const names = ['a', 'b', 'c', 'poison', 'd', 'e', 'f'];
    const calls = names.map((name) => group.add(messages(name), forever));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(
      names.map((name) => name !== 'poison'),
    );
    expect(outcomes[3]).toMatchObject({ reason: new Error('poisoned') });
  });
});

const TIMED_OUT = {
  code: 'STORE_TIMED_OUT',
  retry: { afterMs: 1_000 },
  message: expect.stringContaining('ECONNREFUSED'),
};

/** A group commit whose commits end when the test says so. */
function openManual(rowsMax = 1_000, bytesMax = Infinity) {
  const commits: ManualCommit[] = [];
  const group = openGroupCommit({
    rowsMax,
    bytesMax,
    lastFault: () => 'ECONNREFUSED',
    commit(some, isWanted) {
      const { promise, resolve, reject } = Promise.withResolvers<readonly Verdict[]>();
      const names = some.map(({ content }) => content);
      commits.push({ names, isWanted, succeed: () => resolve(some.map(verdictOn)), fail: reject });
      return promise;
    },
  });
  const until = (count: number) =>
    vi.waitFor(() => expect(commits).toHaveLength(count), { interval: 1, timeout: 5_000 });
  return { group, commits, until };
}

interface ManualCommit {
  readonly names: readonly string[];
  isWanted(): boolean;
  succeed(): void;
  fail(reason: Error): void;
}

const messages = (...names: string[]) => names.map((name) => aMessage({ content: name }));
/** Tells which Message it belongs to. */
const refused = (reason: string): Verdict => ({ outcome: 'refused', reason });
const verdictOn = ({ content }: Message) => refused(content);
