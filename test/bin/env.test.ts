import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { env } from '../../bin/commands/env.ts';
import { SECRETS } from '../../bin/env-file.ts';
import { makeFolder } from './dev/test-folder.ts';

describe('env', () => {
  it('writes every secret, each another, of 32 letters and digits', async () => {
    const house = await openFolder();

    expect(await house.run()).toBe(0);

    const values = Object.values(house.read(await house.text()));
    expect(Object.keys(house.read(await house.text()))).toEqual(Object.keys(SECRETS));
    for (const value of values) expect(value).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(new Set(values).size).toBe(values.length);
  });

  it('lets nobody else read them, and tells none', async () => {
    const house = await openFolder();
    await writeFile(house.path, 'FLEET_REPLICAS=4\n');
    await chmod(house.path, 0o644);

    await house.run();

    expect((await stat(house.path)).mode & 0o777).toBe(0o600);
    for (const secret of Object.values(house.read(await house.text()))) {
      if (secret !== '4') expect(house.said.join('\n')).not.toContain(secret);
    }
  });

  it('leaves a complete file alone, byte for byte, and says what --force would not do', async () => {
    const house = await openFolder();
    await house.run();
    const before = await house.text();

    expect(await house.run()).toBe(0);

    expect(await house.text()).toBe(before);
    expect(house.said.at(-1)).toMatch(/stays as it is.*volume exists keeps the MySQL/);
  });

  it('adds what is missing or empty, and touches nothing else', async () => {
    const house = await openFolder();
    const before = [
      '# mine',
      'FLEET_REPLICAS=4',
      "export MYSQL_PASSWORD = 'chosen by me' # long ago",
      'METRICS_TOKEN=""',
      'ADMIN_PASSWORD= # to be chosen',
      '#S3_ACCESS_KEY=commented',
    ];
    await writeFile(house.path, before.join('\n'));

    await house.run();

    const lines = (await house.text()).split('\n');
    expect(lines.slice(0, 3)).toEqual(before.slice(0, 3));
    expect(lines[3]).toMatch(/^METRICS_TOKEN=\w{32}$/);
    expect(lines[4]).toMatch(/^ADMIN_PASSWORD=\w{32}$/);
    expect(lines[5]).toBe(before[5]);
    expect(house.said[0]).not.toContain('MYSQL_PASSWORD');
    for (const name of Object.keys(SECRETS)) {
      const assigned = lines.filter((line) => line.replace('export ', '').startsWith(name));
      expect(assigned).toHaveLength(1);
    }
  });

  it('makes all secrets anew with --force, keeps the rest, and warns of volumes', async () => {
    const house = await openFolder();
    await house.run();
    await writeFile(house.path, `TRUSTED_PROXIES=1\n${await house.text()}`);
    const before = house.read(await house.text());

    await house.run('--force');

    const after = house.read(await house.text());
    expect(after['TRUSTED_PROXIES']).toBe('1');
    for (const name of Object.keys(SECRETS)) expect(after[name]).not.toBe(before[name]);
    expect(house.said.at(-1)).toContain('volume exists keeps the MySQL');
  });
});

async function openFolder() {
  const home = await makeFolder();
  const path = join(home, '.env');
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const { signal } = new AbortController();
  return {
    path,
    said,
    run: (...args: string[]) => env.run(args, { env: {}, home, print: say, say, signal }),
    text: () => readFile(path, 'utf8'),
    read(text: string): Record<string, string> {
      const pairs = text.split('\n').filter((line) => /^\w+=/.test(line));
      return Object.fromEntries(pairs.map((line) => line.split('=', 2) as [string, string]));
    },
  };
}
