import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type ServerSideEncryption,
  type StorageClass,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { PipelineError } from '../../domain/errors.ts';
import { coldUnreachable, objectExists, objectMissing, segmentCorrupt } from './faults.ts';
import type { ColdStore } from './store.ts';

/** S3 takes no smaller part but the last; what fits into one goes as a whole. */
const PART_BYTES = 8 * 1024 * 1024;
const ATTEMPTS_MAX = 3;
/** Servers that are not Amazon's have one region, and mostly call it so. */
const REGION_OF_OTHERS = 'us-east-1';
/** A part on its way through a thin line, or a server that puts parts together. */
const UPLOAD = { requestTimeout: 60_000 };
/**
 * Until the headers of an answer, then while nothing comes. The latter the SDK takes for all requests
 * alike, so it must do for uploads; how long a read may take, the breaker says.
 */
const TIMEOUT = {
  connectionTimeout: 2_000,
  requestTimeout: 4_000,
  throwOnRequestTimeout: true,
  socketTimeout: UPLOAD.requestTimeout,
};

/**
 * Objects in a bucket of S3, or of whatever speaks its language. Credentials come by the SDK's own
 * chain: environment, profile, or the role of the machine.
 *
 * @param url `s3://bucket/prefix`, and after `?`, joined by `&`: `endpoint=http://…`, `region=…`,
 *            `storage-class=STANDARD_IA`, `encryption=AES256` or `aws:kms`, `kms-key=…`.
 */
export function openS3Store(url: string): ColdStore {
  const { hostname: Bucket, pathname, searchParams } = new URL(url);
  const prefix = pathname.replace(/^\/+|\/+$/g, '');
  const keyOf = (key: string) => (prefix === '' ? key : `${prefix}/${key}`);
  const endpoint = searchParams.get('endpoint');
  const region = searchParams.get('region') ?? (endpoint === null ? null : REGION_OF_OTHERS);
  const client = new S3Client({
    ...(region !== null && { region }), // Else from where the credentials come from.
    ...(endpoint !== null && { endpoint, forcePathStyle: true }),
    maxAttempts: ATTEMPTS_MAX,
    requestHandler: TIMEOUT,
    // Checksums of ours are in the Catalogue; some servers do not know those of the SDK.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const storage = storageOf(searchParams);

  async function putLarge(Key: string, first: Uint8Array, rest: AsyncIterator<Uint8Array>) {
    const upload = { Bucket, Key };
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ ...upload, ...storage }),
    );
    try {
      const Parts: { ETag: string | undefined; PartNumber: number }[] = [];
      for (let part: Uint8Array | undefined = first; part; part = (await rest.next()).value) {
        const PartNumber = Parts.length + 1;
        const sent = await client.send(
          new UploadPartCommand({ ...upload, UploadId, PartNumber, Body: part }),
          UPLOAD,
        );
        Parts.push({ ETag: sent.ETag, PartNumber });
      }
      const MultipartUpload = { Parts };
      await client.send(
        new CompleteMultipartUploadCommand({
          ...upload,
          UploadId,
          MultipartUpload,
          IfNoneMatch: '*',
        }),
        UPLOAD,
      );
    } catch (error) {
      await client.send(new AbortMultipartUploadCommand({ ...upload, UploadId })).catch(() => {}); // The bucket's own rules remove it some time.
      throw error;
    }
  }

  return {
    async put(key, parts) {
      const Key = keyOf(key);
      const source = watched(parts);
      try {
        const pieces = inPieces(source.parts);
        const first = (await pieces.next()).value ?? new Uint8Array();
        if (first.length >= PART_BYTES) return await putLarge(Key, first, pieces);
        const whole = { Bucket, Key, Body: first, IfNoneMatch: '*', ...storage };
        await client.send(new PutObjectCommand(whole), UPLOAD);
      } catch (error) {
        // 409: somebody writes it at this very moment.
        if ([409, 412].includes(statusOf(error))) throw objectExists(key);
        throw source.threw(error) ? error : coldUnreachable(`writing ${key}`, error);
      }
    },

    async read(key, { from, to }) {
      try {
        const Range = `bytes=${from}-${to - 1}`;
        const found = await client.send(new GetObjectCommand({ Bucket, Key: keyOf(key), Range }));
        const bytes = await found.Body?.transformToByteArray();
        if (bytes?.length !== to - from) throw segmentCorrupt(key, `ends before byte ${to}`);
        return bytes;
      } catch (error) {
        if (isMissing(error)) throw objectMissing(key);
        if (statusOf(error) === 416) throw segmentCorrupt(key, `ends before byte ${to}`);
        throw error instanceof PipelineError ? error : coldUnreachable(`reading ${key}`, error);
      }
    },

    async head(key) {
      try {
        const found = await client.send(new HeadObjectCommand({ Bucket, Key: keyOf(key) }));
        return { bytes: found.ContentLength ?? 0 };
      } catch (error) {
        if (isMissing(error) || (error instanceof Error && error.name === 'NotFound')) return null;
        throw coldUnreachable(`looking for ${key}`, error);
      }
    },

    addressOf: (key) => `s3://${Bucket}/${keyOf(key)}`,

    async *list(own) {
      let ContinuationToken: string | undefined;
      do {
        const page = await client
          .send(new ListObjectsV2Command({ Bucket, Prefix: keyOf(own), ContinuationToken }))
          .catch((error: unknown) => {
            throw coldUnreachable('listing', error);
          });
        for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
          const key = prefix === '' ? Key : Key.slice(prefix.length + 1);
          yield { key, bytes: Size, writtenAtMs: LastModified?.getTime() ?? 0 };
        }
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
    },

    async remove(key) {
      await client
        .send(new DeleteObjectCommand({ Bucket, Key: keyOf(key) }))
        .catch((error: unknown) => {
          throw coldUnreachable(`removing ${key}`, error);
        });
    },

    close: () => client.destroy(),
  };
}

function storageOf(parameters: URLSearchParams) {
  const storageClass = parameters.get('storage-class');
  const encryption = parameters.get('encryption');
  const kmsKey = parameters.get('kms-key');
  return {
    ...(storageClass !== null && { StorageClass: storageClass as StorageClass }),
    ...(encryption !== null && { ServerSideEncryption: encryption as ServerSideEncryption }),
    ...(kmsKey !== null && { SSEKMSKeyId: kmsKey }),
  };
}

/** Joins parts until one is large enough for S3; the last one may be smaller. */
async function* inPieces(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of parts) {
    held.push(part);
    bytes += part.length;
    if (bytes < PART_BYTES) continue;
    yield Buffer.concat(held);
    held = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(held);
  return undefined;
}

function statusOf(error: unknown): number {
  if (!(error instanceof Error && '$metadata' in error)) return NaN;
  return Number((error.$metadata as { httpStatusCode?: number }).httpStatusCode);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && error.name === 'NoSuchKey';
}

/** Tells a fault of the one who gives us the bytes from one of S3. */
function watched(parts: AsyncIterable<Uint8Array>) {
  let fault: unknown;
  async function* passedOn() {
    try {
      yield* parts;
    } catch (error) {
      fault = error;
      throw error;
    }
  }
  return {
    parts: passedOn(),
    threw: (error: unknown) => fault !== undefined && error === fault,
  };
}
