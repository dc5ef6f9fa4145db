import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, it } from 'vitest';

import { withLock } from '../../../bin/dev/lock.ts';
import { makeFolder } from './test-folder.ts';

const LOCK = join(import.meta.dirname, '../../../bin/dev/lock.ts');

describe('withLock', () => {
  it('lets one caller work at a time', async () => {
    const folder = await makeFolder();
    let working = 0;
    const work = async () => {
      working += 1;
      expect(working).toBe(1);
      await turn();
      working -= 1;
    };
    await Promise.all(Array.from({ length: 10 }, () => withLock(folder, work)));
  });

  it('is free again when the work fails', async () => {
    const folder = await makeFolder();
    await expect(withLock(folder, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(folder, async () => 'yes')).toBe('yes');
  });

  it('is free again when its owner is killed', async () => {
    const folder = await makeFolder();
    const script = `import { withLock } from ${JSON.stringify(LOCK)};
      const forever = () => new Promise(() => setInterval(() => {}, 1000));
      await withLock(process.argv[1], () => { console.log('mine'); return forever(); });`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(createInterface(owner.stdout), 'line');
    let isFree = false;
    const waiting = withLock(folder, async () => {
      isFree = true;
    });
    await turn();
    expect(isFree).toBe(false);
    owner.kill('SIGKILL');
    await waiting;
  });

  it('gives those who waited for a deleted folder a new one, one at a time', async () => {
    const folder = await makeFolder();
    let working = 0;
    const deleteIt = () =>
      withLock(folder, async (lock) => {
        working += 1;
        expect(working).toBe(1);
        await expect(access(join(folder, 'left'))).rejects.toThrow('ENOENT');
        await writeFile(join(folder, 'left'), '');
        working -= 1;
        await lock.deleteFolder();
      });
    await Promise.all(Array.from({ length: 5 }, deleteIt));
    await expect(access(folder)).rejects.toThrow('ENOENT');
  });
});
