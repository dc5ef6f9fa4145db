import { access, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { openSocketFolder, removeSocketFolder } from '../../../bin/dev/socket-folder.ts';
import { makeFolder } from './test-folder.ts';

describe('the folder of the sockets', () => {
  it('is a private one in /tmp when the path is too long for a socket', async () => {
    const folder = join(await makeFolder(), 'l'.repeat(100));
    await mkdir(folder);
    const sockets = await openSocketFolder(folder);
    expect(sockets).toMatch(/^\/tmp\/camadas-/);
    expect((await stat(sockets)).mode & 0o777).toBe(0o700);
    expect(await openSocketFolder(folder)).toBe(sockets);

    await removeSocketFolder(folder);
    await expect(access(sockets)).rejects.toThrow('ENOENT');
  });
});
