import { clockFinding, type Finding } from '../domain/finding.ts';
import type { QueueRedis } from './connection.ts';

/** What the queue's Redis is set to that would break a promise. */
export async function checkQueueRedis(redis: QueueRedis): Promise<Finding[]> {
  const [policy, appendonly, appendfsync] = await Promise.all(
    ['maxmemory-policy', 'appendonly', 'appendfsync'].map((name) => readSetting(redis, name)),
  );
  return [
    ...evictionFindings(policy ?? null),
    ...appendFindings(appendonly ?? null, appendfsync ?? null),
    ...clockFinding("the queue's Redis", await clockSkewMs(redis)),
  ];
}

function evictionFindings(policy: string | null): Finding[] {
  if (policy === null) return [unknown('maxmemory-policy', 'noeviction')];
  if (policy === 'noeviction') return [];
  const sentence = `the queue's Redis may evict jobs (maxmemory-policy ${policy}), which loses Messages (P1); set noeviction`;
  return [{ severity: 'broken', sentence }];
}

function appendFindings(appendonly: string | null, appendfsync: string | null): Finding[] {
  if (appendonly === null) return [unknown('appendonly', 'yes, with appendfsync always')];
  if (appendonly !== 'yes') {
    const sentence =
      "the queue's Redis keeps no append-only file, so a restart loses Messages (P1); set appendonly yes and appendfsync always";
    return [{ severity: 'broken', sentence }];
  }
  if (appendfsync === 'always') return [];
  const sentence = `the queue's Redis runs appendfsync ${appendfsync}, so a crash can lose the last second (P1); set it to always`;
  return [{ severity: 'weak', sentence }];
}

/** Some managed Redis servers forbid CONFIG; then only their owner knows. */
async function readSetting(redis: QueueRedis, name: string): Promise<string | null> {
  const reply: unknown = await redis.config('GET', name).catch(() => null);
  return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : null;
}

function unknown(setting: string, wanted: string): Finding {
  const sentence = `the queue's Redis does not tell its ${setting}; make sure it is ${wanted} (P1)`;
  return { severity: 'weak', sentence };
}

async function clockSkewMs(redis: QueueRedis): Promise<number> {
  const askedAt = Date.now();
  const [seconds, microseconds] = await redis.time();
  const theirs = Number(seconds) * 1_000 + Number(microseconds) / 1_000;
  return theirs - (askedAt + Date.now()) / 2;
}
