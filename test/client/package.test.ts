import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, openTestHouse, type TestHouse } from '../house.ts';
import { chatbotFiles } from './chatbot.ts';
import { env, provideNode22 } from './node-22.ts';
import { accepting, answer, openPeer } from './peer.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const SERVER_LIBRARIES =
  /mysql|kysely|express|prom-client|@aws-sdk|pino|helmet|bull-board|lru-cache/;

/** A machine with much else to do compiles for long. */
const RUN_MS_MAX = 90_000;
/** Node 22 and what the package needs come from the registry, at whatever pace it has. */
const FETCH_MS_MAX = 600_000;

describe('the package', { timeout: RUN_MS_MAX }, () => {
  let house: TestHouse;
  let folder: string;
  const programs: Record<string, string> = { 'Node 24': process.execPath };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'camadas-chatbot-'));
    [house, programs['Node 22']] = await Promise.all([openTestHouse(), provideNode22()]);
    await house.runFleet();
    await installPackage(folder);
  }, FETCH_MS_MAX);

  afterAll(async () => {
    await house?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs a file of the chatbot's folder as a person would. */
  async function runFile(file: string, given: { node: string; url?: string }) {
    const { queueRedisUrl: QUEUE_REDIS_URL, keyPrefix: KEY_PREFIX } = house.config;
    const loadedFile = join(folder, `${file}.loaded.json`);
    const { stdout } = await run(given.node, ['--import', './loaded.mjs', file], {
      cwd: folder,
      env: {
        ...env,
        QUEUE_REDIS_URL,
        KEY_PREFIX,
        LOADED_FILE: loadedFile,
        CAMADAS_URL: given.url ?? '',
        CAMADAS_KEY: 'cam_key',
      },
    });
    const loaded = JSON.parse(await readFile(loadedFile, 'utf8')) as string[];
    return {
      stdout,
      loaded: loaded.flatMap((url) => url.split(`${folder}/node_modules/`)[1] ?? []),
    };
  }

  const storedOf = async (companyId: string) =>
    (await house.wiring.findMessages({ companyId, limit: 500 })).messages;
  const eventuallyStored = (companyId: string, count: number) =>
    eventually(
      () => storedOf(companyId),
      (messages) => messages.length === count,
    );

  it('installs nothing of the server', async () => {
    const lock = join(folder, 'node_modules/.package-lock.json');
    const { packages } = JSON.parse(await readFile(lock, 'utf8')) as { packages: object };
    const names = Object.keys(packages).map((path) => path.replace('node_modules/', ''));
    expect(names).toEqual(expect.arrayContaining(['bullmq', 'camadas', 'ioredis', 'zod']));
    expect(names.filter((name) => SERVER_LIBRARIES.test(name))).toEqual([]);
  });

  it('holds what it says, and no TypeScript that Node would have to run', async () => {
    const home = join(folder, 'node_modules/camadas');
    const files = await readdir(home, { recursive: true });
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist', 'package.json']));
    expect(files.filter((file) => /(?<!\.d)\.ts$/.test(file))).toEqual([]);
    expect(await readFile(join(home, 'LICENSE'))).toEqual(await readFile(join(ROOT, 'LICENSE')));
  });

  it('tells the compiler its types, and so finds a mistake', async () => {
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const compiling = run(process.execPath, [tsc, '--pretty', 'false'], { cwd: folder, env });
    const { stdout } = await compiling.catch((fault: { stdout: string }) => fault);
    expect(stdout.trim().split('\n')).toEqual([
      expect.stringMatching(
        /^mistaken\.ts\(5,\d+\): error TS2322: Type '"customer"' is not assign/,
      ),
    ]);
  });

  describe.each(['Node 22', 'Node 24'])('on %s', (name) => {
    const node = () => programs[name] ?? '';

    it('sends by the lines of its README what the fleet stores, and loads no server', async () => {
      const before = await storedOf('lantern-loop');

      const { loaded } = await runFile('producer.js', { node: node() });

      const [last] = (await eventuallyStored('lantern-loop', before.length + 1)).toReversed();
      expect(last).toMatchObject({ clientId: 'maya', content: 'where is my order? 📦' });
      const libraries = loaded.map((path) => path.split('/')[0]);
      expect(libraries).toEqual(expect.arrayContaining(['bullmq', 'camadas', 'ioredis', 'zod']));
      expect(loaded.filter((path) => SERVER_LIBRARIES.test(path))).toEqual([]);
      expect(loaded.filter((path) => /^camadas\/dist\/(?!domain|queues)/.test(path))).toEqual([]);
    });

    it('speaks HTTP by the lines of its README, and loads only what that takes', async () => {
      const page = answer(200, {
        messages: [{ content: 'on its way' }],
        before: null,
        after: null,
      });
      const { url, heard } = await openPeer(accepting, page);

      const { stdout, loaded } = await runFile('http.js', { node: node(), url });

      expect(stdout).toBe('on its way\n');
      expect(JSON.parse(heard[0]?.body ?? '')).toMatchObject({ content: 'where is my order? 📦' });
      const others = /^camadas\/dist\/(client\/|domain\/(backoff|errors|message-id|uuid-v7)\.js)/;
      expect(loaded.filter((path) => !others.test(path))).toEqual([]);
      expect(loaded).toContain('camadas/dist/client/http.js');
    });

    it('does in TypeScript what its types say', async () => {
      const { url } = await openPeer(accepting);
      const before = await storedOf('typed');

      const { stdout } = await runFile('chatbot.ts', { node: node(), url });

      const { ids, why, codes } = JSON.parse(stdout) as Record<'ids' | 'why' | 'codes', string[]>;
      const stored = await eventuallyStored('typed', before.length + 2);
      expect(stored.slice(-2).map(({ messageId }) => messageId)).toEqual(ids);
      expect(why).toEqual(['MESSAGE_INVALID', 'content', 'never']);
      expect(codes).toEqual(['taken', 'taken']);
    });

    it('is there for CommonJS, too', async () => {
      const { stdout } = await runFile('required.cjs', { node: node() });
      expect(stdout).toBe('openProducer,MessageError,openClient,ClientError\n');
    });
  });
});

describe('the packages of the client and of the server', () => {
  it('have the same version, and the same of each library', async () => {
    const [client, server] = await Promise.all([readPackage('client'), readPackage('.')]);
    expect(client.version).toBe(server.version);
    expect(Object.keys(client.dependencies)).toEqual(['bullmq', 'ioredis', 'zod']);
    expect(server.dependencies).toMatchObject(client.dependencies);
    expect(client.name).not.toBe(server.name);
  });

  it('are told apart by whoever packs the wrong one', async () => {
    const packing = run('npm', ['pack', '.', '--dry-run', '--loglevel=error'], { cwd: ROOT, env });
    await expect(packing).rejects.toThrow('npm pack ./client');
  });
});

async function readPackage(path: string) {
  const text = await readFile(join(ROOT, path, 'package.json'), 'utf8');
  return JSON.parse(text) as {
    name: string;
    version: string;
    dependencies: Record<string, string>;
  };
}

/** As people do: packed here, installed there. */
async function installPackage(folder: string): Promise<void> {
  const tarballs = join(folder, 'tarballs');
  await mkdir(tarballs);
  await run('npm', ['pack', './client', '--pack-destination', tarballs], { cwd: ROOT, env });
  const [tarball = ''] = await readdir(tarballs);
  const readme = await readFile(join(ROOT, 'client/README.md'), 'utf8');
  const files = chatbotFiles(readme, join(ROOT, 'node_modules/@types'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  await run('npm', ['install', join(tarballs, tarball), ...flags], { cwd: folder, env });
}
