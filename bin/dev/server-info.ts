import type { ServerRecord } from './private-server.ts';
import type { ServerKind, ServerName } from './server-kind.ts';

/** What runs where, for people. */
export interface ServerInfo {
  readonly name: ServerName;
  /** As the server says it; null for one that we did not start, and did not ask. */
  readonly version: string | null;
  /** Without the password. */
  readonly url: string;
  readonly origin: ServerKind['urlVariable'] | 'private';
  readonly startedNow: boolean;
}

export const describeNamed = (kind: ServerKind, url: string): ServerInfo => ({
  name: kind.name,
  version: null,
  url: withoutPassword(url, kind.urlVariable),
  origin: kind.urlVariable,
  startedNow: false,
});

export const describePrivate = (
  kind: ServerKind,
  record: ServerRecord,
  startedNow: boolean,
): ServerInfo => ({
  name: kind.name,
  version: record.version,
  url: kind.url(record.port, '').replace(':@', '@'),
  origin: 'private',
  startedNow,
});

function withoutPassword(url: string, variable: string): string {
  if (!URL.canParse(url)) throw new Error(`${variable} is not a URL`); // Not quoted: it has a password.
  const parsed = new URL(url);
  parsed.password = '';
  return parsed.href;
}
