import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openColdStore } from '../../../db/cold/open-store.ts';
import type { ColdStore } from '../../../db/cold/store.ts';

/** Longer than a read may take. */
const COMPLETING_MS = 4_500;
const STORAGE = 'storage-class=STANDARD_IA&encryption=aws:kms&kms-key=key-4711';
const WANTED = {
  'x-amz-storage-class': 'STANDARD_IA',
  'x-amz-server-side-encryption': 'aws:kms',
  'x-amz-server-side-encryption-aws-kms-key-id': 'key-4711',
};

type Asked = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

/** Takes whatever it is given, writes down how it was asked, and is slow to put parts together. */
const server = createServer((request, response) => {
  const { method, url = '', headers } = request;
  asked.push({ method, url, headers });
  request.resume().once('end', () => void answer(method === 'POST' ? url : null, response));
});

/** @param url Of what is asked about an upload in parts; null for a part, or a whole object. */
async function answer(url: string | null, response: ServerResponse): Promise<void> {
  const isBegin = url?.includes('uploads');
  if (url !== null && !isBegin) await pause(COMPLETING_MS);
  const result = `${isBegin ? 'InitiateMultipartUpload' : 'CompleteMultipartUpload'}Result`;
  response.setHeader('etag', '"e"');
  response.end(url === null ? '' : `<${result}><UploadId>u</UploadId></${result}>`);
}

let asked: Asked[] = [];
let store: ColdStore;
beforeAll(async () => {
  process.env['AWS_ACCESS_KEY_ID'] ??= 'somebody';
  process.env['AWS_SECRET_ACCESS_KEY'] ??= 'some-secret';
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  store = openColdStore(`s3://camadas/archive?endpoint=http://127.0.0.1:${port}&${STORAGE}`);
});
beforeEach(() => void (asked = []));
afterAll(() => {
  store.close();
  server.close();
});

async function* parts(count: number, bytes: number): AsyncGenerator<Uint8Array> {
  for (let nth = 0; nth < count; nth += 1) yield new Uint8Array(bytes);
}

describe('S3 is asked', () => {
  it('for the storage class and the encryption that ARCHIVE_URL names', async () => {
    await store.put('small.parquet', parts(1, 10));

    expect(asked).toEqual([
      expect.objectContaining({ method: 'PUT', headers: expect.objectContaining(WANTED) }),
    ]);
  });

  // Red when the socket may be silent for no longer than a read may take.
  it('the same of what goes in parts, once, however long it puts them together', async () => {
    await store.put('large.parquet', parts(3, 4 * 1024 * 1024));

    expect(asked.map(({ method }) => method)).toEqual(['POST', 'PUT', 'PUT', 'POST']);
    expect(asked[0]?.headers).toMatchObject(WANTED);
  }, 20_000);
});
