import { randomInt } from 'node:crypto';

/** What docker-compose.yml asks for, each with what it opens. */
export const SECRETS = {
  MYSQL_PASSWORD: 'of the MySQL user camadas',
  QUEUE_REDIS_PASSWORD: "of the queue's Redis",
  CACHE_REDIS_PASSWORD: "of the cache's Redis",
  ADMIN_PASSWORD: 'of the admin pages',
  METRICS_TOKEN: 'what Prometheus shows to /metrics',
  S3_ACCESS_KEY: 'of the S3 server',
  S3_SECRET_KEY: 'of the S3 server',
  GRAFANA_PASSWORD: 'of the user admin of Grafana',
} as const;
export type SecretName = keyof typeof SECRETS;

// They stand in URLs, in SQL and in configuration files, where all else would need escaping.
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** 32 of 62 letters: 190 bits. */
const SECRET_LENGTH = 32;

/** A fresh secret: 32 letters and digits. */
export const newSecret = (): string =>
  Array.from({ length: SECRET_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');

/**
 * An environment file with every secret.
 *
 * @param text      What it holds now; lines that are not about missing secrets stay as they are.
 * @param replaced  Whether secrets that are there are made anew, too.
 * @returns         The new text, and the names of the secrets that are new in it.
 */
export function fillSecrets(
  text: string,
  replaced: 'none' | 'all',
): { text: string; made: SecretName[] } {
  const made: SecretName[] = [];
  const seen = new Set<string>();
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');

  const filled = lines.map((line) => {
    const { name, value } = readAssignment(line);
    if (!isSecretName(name)) return line;
    seen.add(name);
    if (value !== '' && replaced === 'none') return line;
    made.push(name);
    return `${name}=${newSecret()}`;
  });
  for (const [name, meaning] of Object.entries(SECRETS)) {
    if (!isSecretName(name) || seen.has(name)) continue;
    made.push(name);
    filled.push(`# ${meaning}`, `${name}=${newSecret()}`);
  }
  return { text: `${filled.join('\n')}\n`, made };
}

/** As Compose reads it: spaces around, quotes and `export` do not count, nor does a comment. */
function readAssignment(line: string): { name: string; value: string } {
  const [, name = '', rest = ''] = /^\s*(?:export\s+)?(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
  const value = rest
    .replace(/(^|\s)#.*$/, '')
    .trim()
    .replaceAll(/^(['"])(.*)\1$/g, '$2');
  return { name, value };
}

const isSecretName = (name: string): name is SecretName => Object.hasOwn(SECRETS, name);
