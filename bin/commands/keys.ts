import { z } from 'zod';
import { type ApiKey, type Scope, SCOPES } from '../../domain/api-key.ts';
import { instantOf } from '../../domain/instant.ts';
import { Message } from '../../domain/message.ts';
import type { Wiring } from '../../wiring.ts';
import { type Context, defineCommand, jsonFlag, UsageError } from '../command.ts';
import { withInstallation } from '../installation.ts';
import { table } from '../table.ts';

const LABEL_LENGTH_MAX = 80;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const ACTIONS = ['create', 'list', 'revoke', 'rotate'] as const;

export const keys = defineCommand({
  name: 'keys',
  summary: 'Makes, lists, revokes and rotates the API keys of companies',
  operands: 'create|list|revoke KEY|rotate KEY',
  flags: {
    company: { type: 'string', value: 'ID', help: 'the company (needed to create)' },
    scopes: {
      type: 'string',
      value: 'LIST',
      help: `of ${SCOPES.join(', ')} (default read,write)`,
    },
    label: { type: 'string', value: 'TEXT', help: 'what the key is for' },
    'expires-days': { type: 'string', value: 'N', help: 'days until it expires (default: never)' },
    'grace-hours': {
      type: 'string',
      value: 'N',
      help: 'hours a rotated key goes on working (default 24)',
    },
    ...jsonFlag,
  },
  schema: z
    .object({
      operands: z
        .array(z.string())
        .refine(([action]) => (ACTIONS as readonly (string | undefined)[]).includes(action), {
          error: `must begin with one of ${ACTIONS.join(', ')}`,
        }),
      company: Message.shape.companyId.optional(),
      scopes: z
        .string()
        .default('read,write')
        .transform((text) => text.split(',').map((scope) => scope.trim()))
        .pipe(z.array(z.enum(SCOPES, { error: `must be of ${SCOPES.join(', ')}` })).min(1)),
      label: z
        .string()
        .max(LABEL_LENGTH_MAX, { error: `must have at most ${LABEL_LENGTH_MAX} characters` })
        .default(''),
      'expires-days': positive('a number of days').optional(),
      'grace-hours': z.coerce
        .number({ error: 'must be a number of hours' })
        .min(0, { error: 'must be a number of hours, 0 or more' })
        .default(24),
      json: z.boolean().default(false),
    })
    .transform(({ operands: [action, ...ids], ...flags }) => ({ ...flags, action, ids })),
  async run({ action, ids, ...flags }, context) {
    return withInstallation(context, async ({ wiring }) => {
      await wiring.migrate();
      const { json } = flags;
      if (action === 'create') return create(wiring, flags, context);
      if (action === 'list')
        return showAll(await wiring.keys.list(flags.company), { json, context });
      const keyId = keyIdOf(ids);
      if (action === 'revoke') return revoke(wiring, keyId, { json, context });
      return rotate(wiring, { keyId, graceMs: flags['grace-hours'] * HOUR_MS }, { json, context });
    });
  },
});

interface Output {
  readonly json: boolean;
  readonly context: Context;
}

async function create(
  wiring: Wiring,
  flags: {
    company?: string | undefined;
    scopes: Scope[];
    label: string;
    'expires-days'?: number | undefined;
    json: boolean;
  },
  context: Context,
): Promise<number> {
  const { company: companyId, scopes, label, 'expires-days': days } = flags;
  if (companyId === undefined) throw new UsageError('--company: is needed; name the company');
  const now = Date.now();
  const expiresAt = days === undefined ? null : instantOf(now + days * DAY_MS);
  const unique = [...new Set(scopes)];
  const made = await wiring.keys.create({ companyId, scopes: unique, label, expiresAt }, now);
  return show(made, { json: flags.json, context });
}

async function revoke(wiring: Wiring, keyId: string, { json, context }: Output): Promise<number> {
  if (!(await wiring.keys.revoke(keyId, Date.now()))) throw noSuchKey(keyId);
  context.print(
    json ? JSON.stringify({ revoked: keyId }) : `${keyId} is revoked, everywhere within 5 s`,
  );
  return 0;
}

async function rotate(
  wiring: Wiring,
  wanted: { keyId: string; graceMs: number },
  output: Output,
): Promise<number> {
  const made = await wiring.keys.rotate(wanted, Date.now());
  if (!made) throw noSuchKey(wanted.keyId);
  if (!output.json) {
    output.context.say(`${wanted.keyId} goes on for ${wanted.graceMs / HOUR_MS} hours`);
  }
  return show(made, output);
}

function show({ token, key }: { token: string; key: ApiKey }, { json, context }: Output): number {
  if (json) {
    context.print(JSON.stringify({ ...key, token }));
    return 0;
  }
  context.say(`key ${key.keyId} of ${key.companyId} may ${key.scopes.join(', ')}; shown only now:`);
  context.print(token);
  return 0;
}

function showAll(found: readonly ApiKey[], { json, context }: Output): number {
  if (json) context.print(JSON.stringify({ keys: found }));
  else if (found.length === 0) context.print('no keys');
  else {
    const now = instantOf(Date.now());
    const rows = found.map((key) => [
      key.keyId,
      key.companyId,
      key.scopes.join(','),
      stateOf(key, now),
      key.lastUsedAt ?? 'never',
      key.label,
    ]);
    context.print(table(['key', 'company', 'scopes', 'state', 'last used', 'label'], rows));
  }
  return 0;
}

function stateOf({ revokedAt, expiresAt }: ApiKey, now: string): string {
  if (revokedAt !== null) return `revoked ${revokedAt}`;
  if (expiresAt === null) return 'valid';
  return `${expiresAt <= now ? 'expired' : 'valid until'} ${expiresAt}`;
}

/** A key is named by its id; whoever pastes the whole token means the same. */
function keyIdOf(ids: readonly string[]): string {
  const [given] = ids;
  if (given === undefined || ids.length > 1) {
    throw new UsageError('KEY: name one key; ./scripts.sh keys list shows them');
  }
  return /^cam_([0-9a-z]{12})_/.exec(given)?.[1] ?? given;
}

const noSuchKey = (keyId: string) =>
  new UsageError(`there is no key ${keyId} that counts; ./scripts.sh keys list shows all`);

function positive(what: string) {
  const error = `must be ${what}, more than 0`;
  return z.coerce.number({ error }).positive({ error });
}
