import type { Request } from 'express';
import type { Scope, StoredApiKey } from '../domain/api-key.ts';
import type { Keyring } from './keyring.ts';
import { notFound, RequestFault } from './problem.ts';
import type { RateLimit } from './rate-limit.ts';

/**
 * Decides who may: the key counts, is not too busy, is for the Company that is asked about, and may
 * do this. In this order: another Company looks like none, whatever the key may do (P7).
 *
 * @param query The query of the request, as Express parsed it.
 * @throws RequestFault `UNAUTHENTICATED`, `TOO_MANY_REQUESTS`, `NOT_FOUND` or `FORBIDDEN`.
 */
export async function admit(
  request: Request,
  query: Readonly<Record<string, unknown>>,
  door: { keyring: Keyring; rateLimit: RateLimit; scope: Scope },
): Promise<StoredApiKey> {
  const key = await door.keyring.open(request.headers.authorization);
  await door.rateLimit.take(key.keyId);
  const { companyId } = query;
  if (companyId !== undefined && companyId !== key.companyId) throw notFound('company');
  if (!key.scopes.includes(door.scope)) throw forbidden(door.scope);
  return key;
}

const forbidden = (scope: Scope) =>
  new RequestFault('FORBIDDEN', `this API key lacks the scope ${scope}; use one that has it`);
