import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Caller, codeOf, openCaller } from '../dashboard/caller.ts';
import { aMessage, eventually } from '../house.ts';
import { type FleetProcess, spawnFleet, spawnHttp } from './fleet-process.ts';
import {
  countStored,
  expectKept,
  openPrivateHouse,
  type PrivateHouse,
  untilDrained,
} from './private-house.ts';

const COMPANY = 'padaria';
const CONNECTIONS = 4;
const MESSAGES_PER_CALL = 100;
const CALLS_AT_ONCE = 4;
const OVERLOAD_MS = 8_000;
/** With what a Fleet process takes at once, by weight, full within seconds, and drained as soon. */
const QUEUE_JOBS_MAX = 20;
const CONTENT = 'Cadê o meu pedido? '.repeat(200);
const FULL_MS_MAX = 20_000;
/** MySQL gets a two-hundredth of the time: a slow server, and what it stores is no matter of our processes. */
const MYSQL_PACE = { runMs: 5, standMs: 995 };
const GROWTH_BYTES_MAX = 48 * 1024 * 1024;
const MEMORY_BYTES_MAX = 512 * 1024 * 1024;

let house: PrivateHouse;
let http: FleetProcess;
let fleet: FleetProcess;
let callers: Caller[];
const limping = new AbortController();
let limped: Promise<void>;

beforeAll(async () => {
  house = await openPrivateHouse();
  const { keys } = await house.openWiring();
  const wish = { companyId: COMPANY, scopes: ['write'] as const, label: '', expiresAt: null };
  const { token } = await keys.create(wish, Date.now());
  fleet = spawnFleet(house.env);
  http = spawnHttp({
    ...house.env,
    HTTP_PORT: '0',
    LOG_LEVEL: 'info',
    QUEUE_JOBS_MAX: `${QUEUE_JOBS_MAX}`,
    REQUESTS_PER_SECOND_MAX: '100000',
  });
  await Promise.all([fleet.ready, http.ready]);
  // It may say that it is ready before its log has come.
  const urlTold = () => Promise.resolve(/"url":"([^"]+)"/.exec(http.output())?.[1] ?? '');
  const url = await eventually(urlTold, (told) => told !== '');
  callers = Array.from({ length: CONNECTIONS }, () => openCaller(url, token));
  limped = limp((await house.pidOf('mysql')).pid);
});
afterAll(async () => {
  limping.abort();
  await limped;
  for (const caller of callers ?? []) caller.close();
  await Promise.all([http?.kill(), fleet?.kill()]);
  await house?.close();
});

/** What became of each Message, by its id. */
const accepted: string[] = [];
const refused = new Map<string, string>();

describe('three times as much as the fleet can store', () => {
  // Red without the count of waiting jobs: all is accepted, and the queue grows as long as it lasts.
  it('P1, P8: what was accepted is stored, what was refused was told so, memory stays flat', async () => {
    await talkUntil(() => refused.size > 0, FULL_MS_MAX);
    const root = await house.openRoot();
    const before = {
      stored: await countStored(root),
      accepted: accepted.length,
      refused: refused.size,
    };
    const startedAt = performance.now();

    const memory = watchMemory(http.pid);
    await talkUntil(() => false, OVERLOAD_MS);
    const bytes = await memory.stop();
    const stored = (await countStored(root)) - before.stored;
    await root.end();
    const offered = accepted.length - before.accepted + refused.size - before.refused;

    report({ stored, offered, seconds: (performance.now() - startedAt) / 1_000, bytes });
    expect(offered).toBeGreaterThan(3 * stored);
    expect(stored).toBeGreaterThan(0); // It goes on storing.
    expect([...new Set(refused.values())]).toEqual(['QUEUE_FULL']);
    expect(Math.max(...bytes)).toBeLessThan(MEMORY_BYTES_MAX);
    const warm = bytes.slice(Math.floor(bytes.length / 2)); // Until then the heap takes its size.
    expect(meanOf(warm.slice(-3)) - meanOf(warm.slice(0, 3))).toBeLessThan(GROWTH_BYTES_MAX);

    limping.abort();
    expect(await untilDrained(await house.openWiring())).toMatchObject({ dead: 0 });
    await expectKept(house, COMPANY, { accepted });
  }, 60_000);
});

/** Several calls at once on each connection, as many as get an answer, until it is enough. */
async function talkUntil(isEnough: () => boolean, forMsMax: number): Promise<void> {
  const endsAt = performance.now() + forMsMax;
  const talk = async (caller: Caller) => {
    while (!isEnough() && performance.now() < endsAt) await send(caller);
  };
  const voices = callers.flatMap((caller) =>
    Array.from({ length: CALLS_AT_ONCE }, () => talk(caller)),
  );
  await Promise.all(voices);
}

async function send(caller: Caller): Promise<void> {
  const messages = Array.from({ length: MESSAGES_PER_CALL }, (_, nth) => {
    return aMessage({
      companyId: COMPANY,
      messageId: randomUUID(),
      conversationId: `pedido-${nth}`,
      content: CONTENT,
    });
  });
  note(await caller.post(messages), messages);
}

function note(answer: Answer, messages: readonly { messageId: string }[]): void {
  expect([202, 207, 503]).toContain(answer.status);
  const { verdicts } = JSON.parse(answer.text) as {
    verdicts: { isAccepted: boolean; messageId: string; code?: string }[];
  };
  if (answer.status === 503) {
    expect([codeOf(answer), answer.headers['retry-after']]).toEqual(['QUEUE_FULL', '1']);
  }
  expect(verdicts.map(({ messageId }) => messageId)).toEqual(
    messages.map(({ messageId }) => messageId),
  );
  for (const { isAccepted, messageId, code } of verdicts) {
    if (isAccepted) accepted.push(messageId);
    else refused.set(messageId, code ?? '');
  }
}

async function limp(pid: number): Promise<void> {
  while (!limping.signal.aborted) {
    process.kill(pid, 'SIGSTOP');
    await pause(MYSQL_PACE.standMs);
    process.kill(pid, 'SIGCONT');
    await pause(MYSQL_PACE.runMs);
  }
}

/** Resident bytes of a process, a few times a second. */
function watchMemory(pid: number) {
  const ending = new AbortController();
  const watching = (async () => {
    const seen: number[] = [];
    while (!ending.signal.aborted) {
      const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', `${pid}`]);
      seen.push(Number(stdout) * 1_024);
      await pause(400);
    }
    return seen;
  })();
  return {
    stop() {
      ending.abort();
      return watching;
    },
  };
}

const meanOf = (numbers: readonly number[]) =>
  numbers.reduce((sum, one) => sum + one, 0) / Math.max(1, numbers.length);

function report(seen: {
  stored: number;
  offered: number;
  seconds: number;
  bytes: readonly number[];
}): void {
  const [stored, offered] = [seen.stored, seen.offered].map((count) =>
    Math.round(count / seen.seconds),
  );
  const mebibytes = seen.bytes.map((one) => Math.round(one / 1_048_576));
  process.stderr.write(
    `stored ${stored}/s, offered ${offered}/s, memory ${mebibytes.join(' ')} MiB\n`,
  );
}
