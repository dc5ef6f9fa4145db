import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UsageError } from '../command.ts';

export const PIECE_BYTES = 256 * 1024;
const EDGE_BYTES = 1024 * 1024;

export interface FileText {
  readonly bytes: number;
  /** Of its size, its beginning and its end: another file has another one. */
  readonly print: string;
  /** The text, piece by piece, unzipped if need be; a byte-order mark is left out. */
  read(onBytes: (bytes: number) => void): AsyncGenerator<string>;
}

/** @throws UsageError If there is no such file. */
export async function openFileText(file: string): Promise<FileText> {
  const found = await stat(file).catch(() => null);
  if (!found?.isFile())
    throw new UsageError(`${file}: is no file that can be read; check the path`);
  return {
    bytes: found.size,
    print: await printOf(file, found.size),
    read: (onBytes) => readText(file, onBytes),
  };
}

async function* readText(file: string, onBytes: (bytes: number) => void): AsyncGenerator<string> {
  const raw = createReadStream(file, { highWaterMark: PIECE_BYTES });
  raw.on('data', (piece) => onBytes(piece.length));
  const input: Readable = file.endsWith('.gz')
    ? raw.pipe(createGunzip({ chunkSize: PIECE_BYTES }))
    : raw;
  raw.on('error', (error) => input.destroy(error));
  const decoder = new TextDecoder(); // Leaves the mark out by itself.
  try {
    for await (const piece of input) yield decoder.decode(piece as Buffer, { stream: true });
    yield decoder.decode();
  } finally {
    raw.destroy();
  }
}

async function printOf(file: string, bytes: number): Promise<string> {
  const handle = await open(file);
  try {
    const edge = Math.min(bytes, EDGE_BYTES);
    const edges = Buffer.alloc(edge * 2);
    await handle.read(edges, 0, edge, 0);
    await handle.read(edges, edge, edge, bytes - edge);
    return `${bytes}-${hash('sha256', edges)}`;
  } finally {
    await handle.close();
  }
}
