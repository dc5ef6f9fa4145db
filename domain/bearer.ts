import { hash, timingSafeEqual } from 'node:crypto';

/**
 * Whether a request brought the token. Compared by hashes: they are equally long, so the time it
 * takes tells nothing of the token.
 *
 * @param authorization The header as it came.
 * @param token         Null: none is wanted.
 */
export function bearerMatches(authorization: string | undefined, token: string | null): boolean {
  if (token === null) return true;
  const given = /^Bearer +(.+)$/i.exec(authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', token, 'buffer'));
}
