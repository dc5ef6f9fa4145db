import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openColdStore } from '../../../db/cold/open-store.ts';
import type { ColdStore, StoredObject } from '../../../db/cold/store.ts';
import { openS3Server } from './s3-server.ts';

const s3 = await openS3Server();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'camadas-store-'));
});
afterAll(async () => {
  await s3?.close();
  await rm(folder, { recursive: true, force: true });
});

async function* parts(...pieces: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await turn();
    yield piece;
  }
}

async function all(listed: AsyncIterable<StoredObject>): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  for await (const one of listed) found.push(one);
  return found.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

const KINDS: [string, () => string][] = [['a folder', () => pathToFileURL(folder).href]];
if (s3) KINDS.push(['S3', () => s3.urlOf('camadas', 'archive')]);

describe.each(KINDS)('%s keeps objects', (_kind, urlOf) => {
  let store: ColdStore;
  beforeAll(() => void (store = openColdStore(urlOf())));
  afterAll(() => store.close());

  const bytes = new Uint8Array(300).map((__, at) => at % 251);

  it('gives back any range of what it was given', async () => {
    await store.put('company=a/one.parquet', parts(bytes.slice(0, 7), bytes.slice(7)));

    expect(await store.head('company=a/one.parquet')).toEqual({ bytes: 300 });
    const whole = await store.read('company=a/one.parquet', { from: 0, to: 300 });
    expect(new Uint8Array(whole)).toEqual(bytes);
    const piece = await store.read('company=a/one.parquet', { from: 5, to: 9 });
    expect(new Uint8Array(piece)).toEqual(bytes.slice(5, 9));
  });

  it('takes one of many megabytes, in however small pieces', async () => {
    const large = Array.from({ length: 40 }, (__, nth) => new Uint8Array(500_000).fill(nth));
    await store.put('company=a/large.parquet', parts(...large));

    expect(await store.head('company=a/large.parquet')).toEqual({ bytes: 20_000_000 });
    const piece = await store.read('company=a/large.parquet', { from: 8_499_999, to: 8_500_001 });
    expect([...piece]).toEqual([16, 17]);
  }, 30_000);

  // Red with a renaming instead of the link, or without `If-None-Match`.
  it('never overwrites, also when many write at once', async () => {
    const writers = Array.from({ length: 6 }, (__, nth) =>
      store.put('company=a/raced.parquet', parts(new Uint8Array(10).fill(nth))).then(
        () => nth,
        (error: { code: string }) => error.code,
      ),
    );
    const outcomes = await Promise.all(writers);
    const [winner, ...others] = outcomes.filter((outcome) => typeof outcome === 'number');
    expect(others).toEqual([]);
    expect(outcomes.filter((outcome) => outcome === 'OBJECT_EXISTS')).toHaveLength(5);

    const kept = await store.read('company=a/raced.parquet', { from: 0, to: 10 });
    expect(new Uint8Array(kept)).toEqual(new Uint8Array(10).fill(winner ?? NaN));
  });

  it.each([
    ['small', [new Uint8Array(10)]],
    ['large', Array.from({ length: 40 }, () => new Uint8Array(500_000))],
  ])(
    'keeps nothing of a %s one whose source fails',
    async (size, pieces) => {
      async function* failing() {
        yield* parts(...pieces);
        throw new Error('the thread has ended');
      }
      const key = `company=a/failed-${size}.parquet`;

      await expect(store.put(key, failing())).rejects.toThrow('the thread has ended');

      expect(await store.head(key)).toBeNull();
      await store.put(key, parts(bytes));
      expect(await store.head(key)).toEqual({ bytes: 300 });
    },
    30_000,
  );

  it('says that an object is missing, and that one is too short', async () => {
    const missing = store.read('company=a/nothing.parquet', { from: 0, to: 1 });
    await expect(missing).rejects.toMatchObject({ code: 'OBJECT_MISSING', retry: 'never' });
    expect(await store.head('company=a/nothing.parquet')).toBeNull();

    await store.put('company=a/short.parquet', parts(bytes));
    for (const range of [
      { from: 290, to: 310 },
      { from: 400, to: 410 },
    ]) {
      const short = store.read('company=a/short.parquet', range);
      await expect(short).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    }
  });

  it('lists what lies below a prefix, and removes it', async () => {
    for (const key of ['company=b/x.parquet', 'company=b/month=2026-01/y.parquet']) {
      await store.put(key, parts(bytes));
    }
    const listed = await all(store.list('company=b'));
    expect(listed.map(({ key, bytes: size }) => [key, size])).toEqual([
      ['company=b/month=2026-01/y.parquet', 300],
      ['company=b/x.parquet', 300],
    ]);
    expect(Math.abs(Date.now() - (listed[0]?.writtenAtMs ?? 0))).toBeLessThan(60_000);

    for (const { key } of listed) await store.remove(key);
    await store.remove('company=b/x.parquet'); // It is gone already.
    expect(await all(store.list('company=b'))).toEqual([]);
  });
});

describe('a folder', () => {
  it('leaves no half objects behind, and says when it cannot be written', async () => {
    const files = await readdir(folder, { recursive: true });
    expect(files.filter((name) => name.endsWith('.part'))).toEqual([]);

    await writeFile(join(folder, 'a-file'), '');
    const store = openColdStore(`${pathToFileURL(folder).href}/a-file`);
    const written = store.put('company=a/x.parquet', parts(new Uint8Array(1)));
    await expect(written).rejects.toMatchObject({ code: 'COLD_UNREACHABLE' });
    await expect(written).rejects.toThrow(/ENOTDIR|EEXIST/);
  });

  it('removes with an object what somebody who died while writing it has left', async () => {
    const store = openColdStore(pathToFileURL(folder).href);
    const key = 'company=a/died.parquet';
    await store.put('company=a/kept.parquet', parts(new Uint8Array(1)));
    const left = ['.died.parquet.4711.part', '.kept.parquet.4711.part'];
    for (const name of left) await writeFile(join(folder, 'company=a', name), '');

    await store.remove(key);
    await store.remove('company=none/died.parquet');

    const files = await readdir(join(folder, 'company=a'));
    expect(left.filter((name) => files.includes(name))).toEqual(left.slice(1));
    expect(await store.head('company=a/kept.parquet')).toEqual({ bytes: 1 });
    await store.remove('company=a/kept.parquet');
  });
});

const url = (bucket = 'camadas', changes: Record<string, string> = {}) => {
  const made = new URL(s3?.urlOf(bucket, 'archive') ?? '');
  for (const [name, value] of Object.entries(changes)) made.searchParams.set(name, value);
  return made.href;
};

describe.runIf(s3)('S3', () => {
  it.each([
    ['a bucket that is not there', () => url('nobodys'), 'NoSuchBucket'],
    [
      'a server that is not there',
      () => url('camadas', { endpoint: 'http://127.0.0.1:1' }),
      'ECONNREFUSED',
    ],
  ])(
    'says so of %s, with the kind of the fault',
    async (_name, of, kind) => {
      const store = openColdStore(of());
      const written = store.put('x.parquet', parts(new Uint8Array(1)));
      await expect(written).rejects.toMatchObject({ code: 'COLD_UNREACHABLE' });
      await expect(written).rejects.toThrow(kind);
      store.close();
    },
    20_000,
  );

  it('says so of wrong credentials, and names none of them', async () => {
    const secret = process.env['AWS_SECRET_ACCESS_KEY'];
    process.env['AWS_SECRET_ACCESS_KEY'] = 'not-the-secret';
    const store = openColdStore(url());
    try {
      const written = store.put('wrong.parquet', parts(new Uint8Array(1)));
      await expect(written).rejects.toMatchObject({
        code: 'COLD_UNREACHABLE',
        message: expect.stringMatching(/SignatureDoesNotMatch$/) as string,
      });
      await expect(store.head('wrong.parquet')).rejects.toMatchObject({ code: 'COLD_UNREACHABLE' });
    } finally {
      process.env['AWS_SECRET_ACCESS_KEY'] = secret;
      store.close();
    }
  });

  it('keeps nothing of an upload in the midst of which the server dies', async () => {
    const store = openColdStore(url());
    async function* dying() {
      for (let nth = 0; nth < 40; nth += 1) {
        if (nth === 30) await s3?.stop();
        yield new Uint8Array(500_000);
      }
    }
    const written = store.put('dying.parquet', dying());
    await expect(written).rejects.toMatchObject({ code: 'COLD_UNREACHABLE' });

    await s3?.start();
    expect(await store.head('dying.parquet')).toBeNull();
    await store.put('dying.parquet', parts(new Uint8Array(5)));
    expect(await store.head('dying.parquet')).toEqual({ bytes: 5 });
    store.close();
  }, 60_000);

  it('takes no body for whole that was cut on the way', async () => {
    const direct = openColdStore(url());
    await direct.put('cut.parquet', parts(new Uint8Array(200_000)));
    direct.close();
    const { port, close } = await openProxy(new URL(s3?.endpoint ?? ''), 50_000, 'hangs up');
    const store = openColdStore(url('camadas', { endpoint: `http://127.0.0.1:${port}` }));

    const read = store.read('cut.parquet', { from: 0, to: 200_000 });
    await expect(read).rejects.toMatchObject({ code: 'COLD_UNREACHABLE' });

    store.close();
    close();
  }, 20_000);

  // Red without the breaker's limit: the SDK's own timeout ends where the headers have come.
  it('does not wait for ever for a body that stalls on the way', async () => {
    const direct = openColdStore(url());
    await direct.put('stalled.parquet', parts(new Uint8Array(200_000)));
    direct.close();
    const { port, close } = await openProxy(new URL(s3?.endpoint ?? ''), 50_000, 'stalls');
    const store = openColdStore(url('camadas', { endpoint: `http://127.0.0.1:${port}` }));

    const read = store.read('stalled.parquet', { from: 0, to: 200_000 });
    await expect(read).rejects.toMatchObject({ code: 'COLD_UNREACHABLE' });

    store.close();
    close();
  }, 40_000);
});

/** Passes on all that is asked, and of the answers only so many bytes. */
async function openProxy(target: URL, bytesMax: number, then: 'hangs up' | 'stalls') {
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    let passed = 0;
    near.pipe(far);
    far.on('data', (chunk: Buffer) => {
      near.write(chunk.subarray(0, Math.max(0, bytesMax - passed)));
      passed += chunk.length;
      if (passed >= bytesMax && then === 'hangs up') near.destroy();
    });
    for (const socket of [near, far])
      socket.on('error', () => {}).on('close', () => near.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, close: () => void server.close() };
}
