import { mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import { findFreePort } from './free-port.ts';
import { readJson, writeJson } from './json-file.ts';
import { launch } from './launch.ts';
import { isAlive, ProcessIdentity } from './process-identity.ts';
import type { Command, ServerKind, ServerName, ServerPlace } from './server-kind.ts';

const READY_MS_MAX = 60_000;
/** MySQL writes its dirty pages before it ends. */
const STOP_MS_MAX = 60_000;
const POLL_MS = 25;
const PORT_TRIES_MAX = 5;
const LOG_LINES_QUOTED = 12;
const LOG_BYTES_READ_MAX = 64 * 1024;

/** The pid file. It stays when the server has ended, so that the next one takes the same port. */
const ServerRecord = ProcessIdentity.extend({
  port: z.int().min(1).max(65_535),
  /** Null until it answered for the first time. */
  version: z.string().nullable(),
});
export type ServerRecord = z.infer<typeof ServerRecord>;

/** The record of the server that runs in this folder, or null. */
export async function findRunning(folder: string, name: ServerName): Promise<ServerRecord | null> {
  const record = await readJson(recordPath(join(folder, name)), ServerRecord);
  return record && (await isAlive(record)) ? record : null;
}

/** Starts the server and resolves when it answers. Call it while holding the folder's lock. */
export async function startServer(kind: ServerKind, place: ServerPlace): Promise<ServerRecord> {
  await mkdir(place.folder, { recursive: true, mode: 0o700 });
  const command = await kind.prepare(place);
  const before = await readJson(recordPath(place.folder), ServerRecord);
  for (let tries = 1; ; tries += 1) {
    const logStart = await sizeOf(logPath(place.folder));
    const port = await findFreePort(tries === 1 ? before?.port : undefined);
    const record = await launchOnPort(port, command, place);
    try {
      return await untilReady(kind, place, record);
    } catch (error) {
      const words = await readLog(place.folder, logStart);
      // Somebody took the port between our look and the server's.
      if (/address already in use/i.test(words) && tries < PORT_TRIES_MAX) continue;
      const lines = words.trim().split('\n').slice(-LOG_LINES_QUOTED).join('\n  ');
      throw new Error(`${kind.name} did not start; the end of its log:\n  ${lines}`, {
        cause: error,
      });
    }
  }
}

/** Waits until a server that was started, maybe by a process that died since, answers. */
export async function untilReady(
  kind: ServerKind,
  place: Pick<ServerPlace, 'folder' | 'passwords'>,
  record: ServerRecord,
): Promise<ServerRecord> {
  const url = kind.url(record.port, place.passwords[kind.name]);
  const deadline = Date.now() + READY_MS_MAX;
  for (;;) {
    try {
      const ready = { ...record, version: await kind.askVersion(url) };
      await writeJson(recordPath(place.folder), ready);
      return ready;
    } catch (error) {
      if (!(await isAlive(record))) throw new Error(`${kind.name} ended`, { cause: error });
      if (Date.now() > deadline) {
        throw new Error(`${kind.name} gave no answer in ${READY_MS_MAX / 1000} s`, {
          cause: error,
        });
      }
    }
    await sleep(POLL_MS);
  }
}

/** Ends the server cleanly; if it does not end in time, at once: it repairs itself at its start. */
export async function stopServer(record: ServerRecord): Promise<void> {
  const deadline = Date.now() + STOP_MS_MAX;
  signal(record.pid, 'SIGTERM');
  while (await isAlive(record)) {
    if (Date.now() > deadline) signal(record.pid, 'SIGKILL');
    await sleep(POLL_MS);
  }
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    const isGone = error instanceof Error && 'code' in error && error.code === 'ESRCH';
    if (!isGone) throw error;
  }
}

async function launchOnPort(
  port: number,
  command: Command,
  place: ServerPlace,
): Promise<ServerRecord> {
  const { binary } = command;
  const { folder, env } = place;
  const identity = await launch(
    { binary, args: command.argumentsWith(port), folder, env },
    {
      logPath: logPath(folder),
      record: (made) => writeJson(recordPath(folder), { ...made, port, version: null }),
    },
  );
  return { ...identity, port, version: null };
}

const recordPath = (folder: string) => join(folder, 'server.json');
const logPath = (folder: string) => join(folder, 'server.log');
const sizeOf = (path: string) =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

/** The log from a position on, at most its last 64 KiB. */
async function readLog(folder: string, start: number): Promise<string> {
  const log = await open(logPath(folder));
  try {
    const { size } = await log.stat();
    const position = Math.max(start, size - LOG_BYTES_READ_MAX);
    const { buffer, bytesRead } = await log.read(Buffer.alloc(size - position), { position });
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await log.close();
  }
}
