import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { describe, expect, it } from 'vitest';

import { identifyProcess, isAlive } from '../../../bin/dev/process-identity.ts';

describe('a process', () => {
  it('is alive until it ends', async () => {
    const child = spawn('/bin/cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    const identity = await identifyProcess(child.pid ?? 0);
    if (!identity) throw new Error('cat did not start');
    expect(await isAlive(identity)).toBe(true);
    child.stdin.end();
    await once(child, 'exit');
    expect(await isAlive(identity)).toBe(false);
  });

  it('is not the one that had its id before', async () => {
    const mine = await identifyProcess(process.pid);
    expect(mine?.pid).toBe(process.pid);
    expect(await isAlive({ pid: process.pid, startedAt: 'earlier' })).toBe(false);
  });
});
