import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { SECRETS, type SecretName } from '../../bin/env-file.ts';

const ROOT = join(import.meta.dirname, '../..');

const Service = z.object({
  image: z.string(),
  build: z.string().optional(),
  command: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  user: z.string().optional(),
  read_only: z.boolean().default(false),
  cap_drop: z.array(z.string()).default([]),
  security_opt: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  profiles: z.array(z.string()).default([]),
  restart: z.string(),
  stop_grace_period: z.string().optional(),
  logging: z.object({ options: z.record(z.string(), z.string()) }),
  healthcheck: z.object({ test: z.array(z.string()).min(2) }).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  secrets: z.array(z.unknown()).default([]),
});
export type Service = z.infer<typeof Service>;

const ComposeFile = z.object({ services: z.record(z.string(), Service) });

/** One `${NAME…}` of the file. */
export interface Variable {
  readonly name: string;
  /** Null: Compose refuses to start without it. */
  readonly default: string | null;
}

/** Secrets that are told apart when they turn up somewhere. */
export const SECRETS_OF_TESTS = Object.fromEntries(
  Object.keys(SECRETS).map((name) => [name, `${name.replaceAll('_', '')}0123456789`]),
) as Record<SecretName, string>;

export const composeText = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');

/** The services as Compose sees them, given these variables. */
export function readServices(env: Readonly<Record<string, string>>): Record<string, Service> {
  const file: unknown = parse(composeText, { merge: true });
  return ComposeFile.parse(interpolate(file, env)).services;
}

const VARIABLE = /\$(?:\$|\{(\w+)(?::([-?])([^}]*))?\})/g;

export function variablesOf(text: string): Variable[] {
  return [...text.matchAll(VARIABLE)].flatMap(([, name, sign, rest = '']) =>
    name ? [{ name, default: sign === '-' ? rest : null }] : [],
  );
}

function interpolate(node: unknown, env: Readonly<Record<string, string>>): unknown {
  if (typeof node === 'string') {
    return node.replaceAll(VARIABLE, (_all, name?: string, sign?: string, rest = '') => {
      if (name === undefined) return '$'; // `$$` is how Compose writes one.
      const value = env[name] || (sign === '-' ? rest : '');
      if (value === '' && sign !== '-') throw new Error(`${name} has no value`);
      return value;
    });
  }
  if (Array.isArray(node)) return node.map((item) => interpolate(item, env));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, interpolate(value, env)]),
  );
}
