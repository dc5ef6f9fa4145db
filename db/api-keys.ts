import { type Kysely, type Selectable, sql } from 'kysely';
import { type ApiKey, newToken, type Scope, type StoredApiKey } from '../domain/api-key.ts';
import { type Instant, instantOf } from '../domain/instant.ts';
import { fromDatetime, toDatetime } from './datetime.ts';
import type { ApiKeysTable, Database, Datetime } from './schema.ts';

export interface NewApiKey {
  readonly companyId: string;
  readonly scopes: readonly Scope[];
  readonly label: string;
  readonly expiresAt: Instant | null;
}

/** @returns The token beside the key: the only time it can be read. */
export async function createApiKey(
  db: Kysely<Database>,
  { companyId, scopes, label, expiresAt }: NewApiKey,
  now: number,
): Promise<{ token: string; key: ApiKey }> {
  const { token, keyId, secretHash } = newToken();
  const createdAt = instantOf(now);
  await db
    .insertInto('api_keys')
    .values({
      key_id: keyId,
      company_id: companyId,
      secret_hash: secretHash,
      scopes: scopes.join(','),
      label,
      created_at: toDatetime(createdAt),
      expires_at: expiresAt === null ? null : toDatetime(expiresAt),
    })
    .execute();
  const unused = { createdAt, expiresAt, revokedAt: null, lastUsedAt: null };
  return { token, key: { keyId, companyId, scopes, label, ...unused } };
}

export async function findApiKey(
  db: Kysely<Database>,
  keyId: string,
): Promise<StoredApiKey | null> {
  const row = await db
    .selectFrom('api_keys')
    .selectAll()
    .where('key_id', '=', keyId)
    .executeTakeFirst();
  return row ? { ...toApiKey(row), secretHash: row.secret_hash } : null;
}

const KEYS_LISTED_MAX = 1_000;

/** The newest first; of one Company, or of all. */
export async function listApiKeys(db: Kysely<Database>, companyId?: string): Promise<ApiKey[]> {
  const rows = await db
    .selectFrom('api_keys')
    .selectAll()
    .$if(companyId !== undefined, (query) => query.where('company_id', '=', companyId ?? ''))
    .orderBy('created_at', 'desc')
    .orderBy('key_id')
    .limit(KEYS_LISTED_MAX)
    .execute();
  return rows.map(toApiKey);
}

/** @returns Whether there is such a key. To revoke it twice changes nothing. */
export async function revokeApiKey(
  db: Kysely<Database>,
  keyId: string,
  now: number,
): Promise<boolean> {
  const revokedAt = toDatetime(instantOf(now));
  await db
    .updateTable('api_keys')
    .set({ revoked_at: revokedAt })
    .where('key_id', '=', keyId)
    .where('revoked_at', 'is', null)
    .execute();
  return (await findApiKey(db, keyId)) !== null;
}

/**
 * Makes a successor with the same rights, and has the old key expire, at once or after the time that
 * its users need to change over. It never lives longer than before.
 *
 * @returns Null if there is no such key, or it counts no longer.
 */
export async function rotateApiKey(
  db: Kysely<Database>,
  { keyId, graceMs }: { keyId: string; graceMs: number },
  now: number,
): Promise<{ token: string; key: ApiKey } | null> {
  return db.transaction().execute(async (transaction) => {
    const old = await findApiKey(transaction, keyId);
    if (!old || old.revokedAt !== null) return null;
    if (old.expiresAt !== null && Date.parse(old.expiresAt) <= now) return null;

    const endsAt = toDatetime(instantOf(now + graceMs));
    await transaction
      .updateTable('api_keys')
      .set({ expires_at: sql<Datetime>`least(coalesce(expires_at, ${endsAt}), ${endsAt})` })
      .where('key_id', '=', keyId)
      .execute();
    return createApiKey(transaction, old, now);
  });
}

/** Writes down when keys were last used. */
export async function recordKeyUse(
  db: Kysely<Database>,
  usedAt: ReadonlyMap<string, number>,
): Promise<void> {
  for (const [keyId, time] of usedAt) {
    const at = toDatetime(instantOf(time));
    await db
      .updateTable('api_keys')
      .set({ last_used_at: sql<Datetime>`greatest(coalesce(last_used_at, ${at}), ${at})` })
      .where('key_id', '=', keyId)
      .execute();
  }
}

function toApiKey(row: Selectable<ApiKeysTable>): ApiKey {
  return {
    keyId: row.key_id,
    companyId: row.company_id,
    scopes: row.scopes.split(',') as Scope[],
    label: row.label,
    createdAt: fromDatetime(row.created_at),
    expiresAt: toInstant(row.expires_at),
    revokedAt: toInstant(row.revoked_at),
    lastUsedAt: toInstant(row.last_used_at),
  };
}

function toInstant(datetime: Datetime | null): Instant | null {
  return datetime === null ? null : fromDatetime(datetime);
}
