import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';

const run = promisify(execFile);

/** Starts a real S3 server without root; where it is not at hand, what is about S3 is not tried. */
const SERVICES = process.env['S3_SERVICES'] ?? '';

export interface S3Server {
  readonly endpoint: string;
  /** What a process of its own is to have in its environment. */
  readonly credentials: Record<string, string>;
  urlOf(bucket: string, prefix: string): string;
  start(): Promise<void>;
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** A server of its own, with a bucket `camadas`; its credentials are put into the environment. */
export async function openS3Server(): Promise<S3Server | null> {
  if (!existsSync(SERVICES)) return null;
  const dir = await mkdtemp(join(tmpdir(), 's3-')); // A short path: its sockets lie below it.
  const services = (...args: string[]) =>
    run(SERVICES, [args[0] ?? '', 's3', '--dir', dir, ...args.slice(1)]);
  const start = async () => (await services('start')).stdout.trim().split('\n').at(-1) ?? '';
  const { username, password, host } = new URL(await start());
  const credentials = { AWS_ACCESS_KEY_ID: username, AWS_SECRET_ACCESS_KEY: password };
  Object.assign(process.env, credentials);
  const endpoint = `http://${host}`;

  const client = new S3Client({ region: 'us-east-1', endpoint, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: 'camadas' }));
  client.destroy();

  return {
    endpoint,
    credentials,
    urlOf: (bucket, prefix) =>
      `s3://${bucket}/${prefix}?endpoint=${encodeURIComponent(endpoint)}&region=us-east-1`,
    start: async () => void (await start()),
    stop: async () => void (await services('stop')),
    async close() {
      await services('stop');
      await rm(dir, { recursive: true, force: true });
    },
  };
}
