import { hash } from 'node:crypto';
import { join } from 'node:path';
import { instantOf } from '../domain/instant.ts';
import { readToken } from '../domain/api-key.ts';
import type { Context } from './command.ts';
import type { Installation } from './installation.ts';
import { kept } from './kept-secret.ts';

/** The API key that `start` and `demo` show for a Company: one for each, as long as it counts. */
export function keptKey({ wiring, dir }: Installation, companyId: string): Promise<string> {
  const name = `api-key-${hash('sha256', companyId).slice(0, 12)}`; // Ids may hold any letters.
  const make = async () => {
    const wanted = { companyId, scopes: ['read', 'write', 'admin'], label: 'start' } as const;
    return (await wiring.keys.create({ ...wanted, expiresAt: null }, Date.now())).token;
  };
  return kept(join(dir, name), make, async (token) => {
    const key = await wiring.keys.find(readToken(token)?.keyId ?? '');
    return key !== null && key.revokedAt === null && stillCounts(key.expiresAt);
  });
}

function stillCounts(expiresAt: string | null): boolean {
  return expiresAt === null || expiresAt > instantOf(Date.now());
}

/** Where to go from here, ready to paste. */
export function showDoors(about: {
  url: string;
  token: string;
  company: string;
  /** One to read; default the one that the first line makes. */
  conversationId?: string;
  adminPassword: string | null;
  context: Context;
}): void {
  const { url, token, company, adminPassword, context } = about;
  const { conversationId = 'order-1' } = about;
  context.say(`
  API        ${url}/docs
  Bull Board ${url}/queues   (password: ${adminPassword ?? 'set ADMIN_PASSWORD'})
  metrics    ${url}/metrics

  KEY=${token}   # of ${company}
  curl ${url}/messages -H "authorization: Bearer $KEY" -H 'content-type: application/json' \\
    -d '{"clientId":"maya","conversationId":"order-1","role":"user","content":"where is my order?"}'
  curl ${url}/messages/conversations/${encodeURIComponent(conversationId)}/messages -H "authorization: Bearer $KEY"
`);
}
