import type { Passwords } from './passwords.ts';
import type { Program } from './find-binary.ts';

export type ServerName = 'mysql' | 'queue-redis' | 'cache-redis';

/** Where one private server lives. */
export interface ServerPlace {
  readonly binary: string;
  /** The server's own folder: data, configuration, log. */
  readonly folder: string;
  /** The path of its unix socket, short enough for every system. */
  readonly socket: string;
  readonly passwords: Passwords;
  readonly env: NodeJS.ProcessEnv;
}

/** What differs between MySQL, the queue's Redis and the cache's. */
export interface ServerKind {
  readonly name: ServerName;
  /** The environment variable that names a running server instead of a private one. */
  readonly urlVariable: 'MYSQL_URL' | 'QUEUE_REDIS_URL' | 'CACHE_REDIS_URL';
  readonly program: Program;
  /** Makes what the server needs to start; returns its arguments but for the port. */
  prepare(place: ServerPlace): Promise<Command>;
  url(port: number, password: string): string;
  /** The version of the server that answers there; rejects until it is ready for work. */
  askVersion(url: string): Promise<string>;
}

export interface Command {
  readonly binary: string;
  argumentsWith(port: number): readonly string[];
}
