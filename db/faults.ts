/**
 * What a fault of MySQL means for the Messages at hand:
 * - `duplicate`  a unique key is taken: somebody stored one of them before;
 * - `transient`  the server, the connection or the moment: the same again later will do;
 * - `data`       the values themselves: no retry helps, and only one Message is to blame;
 * - `unknown`    anything else.
 */
export type FaultKind = 'duplicate' | 'transient' | 'data' | 'unknown';

const DUPLICATE = 'ER_DUP_ENTRY';

const DATA = new Set([
  'ER_DATA_TOO_LONG',
  'ER_TRUNCATED_WRONG_VALUE',
  'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD',
  'ER_WARN_DATA_OUT_OF_RANGE',
  'WARN_DATA_TRUNCATED',
  'ER_BAD_NULL_ERROR',
  'ER_CANNOT_CONVERT_STRING',
  'ER_CANNOT_CONVERT_CHARACTER',
  'ER_INVALID_CHARACTER_STRING',
  'ER_TOO_BIG_ROWSIZE',
  'ER_NET_PACKET_TOO_LARGE',
  'ER_CONSTRAINT_FAILED',
  'ER_CHECK_CONSTRAINT_VIOLATED',
]);

const TRANSIENT = new Set([
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_CON_COUNT_ERROR',
  'ER_TOO_MANY_USER_CONNECTIONS',
  'ER_USER_LIMIT_REACHED',
  'ER_CHECKREAD',
  'ER_LOCK_ABORTED',
  'ER_QUERY_TIMEOUT',
  'ER_SERVER_SHUTDOWN',
  'ER_NORMAL_SHUTDOWN',
  'ER_SHUTDOWN_COMPLETE',
  'ER_CONNECTION_KILLED',
  'ER_QUERY_INTERRUPTED',
  'ER_NEW_ABORTING_CONNECTION',
  'ER_ABORTING_CONNECTION',
  'ER_HANDSHAKE_ERROR',
  'ER_SERVER_OFFLINE_MODE',
  'ER_SERVER_ISNT_AVAILABLE',
  // The server is there, but nobody may or can use it now: not the Messages' fault either, and an
  // administrator will mend it. Until then they wait, as in any outage.
  'ER_ACCESS_DENIED_ERROR',
  'ER_DBACCESS_DENIED_ERROR',
  'ER_TABLEACCESS_DENIED_ERROR',
  'ER_ACCOUNT_HAS_BEEN_LOCKED',
  'ER_MUST_CHANGE_PASSWORD',
  'ER_MUST_CHANGE_PASSWORD_LOGIN',
  'ER_BAD_DB_ERROR',
  'ER_NO_SUCH_TABLE',
  'ER_DISK_FULL',
  'ER_GET_ERRNO',
  'ER_ERROR_DURING_COMMIT',
  'ER_LOCK_TABLE_FULL',
  'ER_SESSION_WAS_KILLED',
  'ER_UNKNOWN_COM_ERROR',
  'ER_RUN_HOOK_ERROR',
  'ER_TRANSACTION_ROLLBACK_DURING_COMMIT',
  'ER_RECORD_FILE_FULL',
  'ER_ERROR_ON_WRITE',
  'ER_ENGINE_OUT_OF_MEMORY',
  'ER_OUT_OF_RESOURCES',
  'ER_OUTOFMEMORY',
  'ER_NET_READ_ERROR',
  'ER_NET_WRITE_INTERRUPTED',
  'ER_CLIENT_INTERACTION_TIMEOUT',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_PACKETS_OUT_OF_ORDER',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EMFILE',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
]);

/** After a failover the pool still holds connections to the old primary, which only reads now. */
const READ_ONLY = new Set([
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_READ_ONLY_MODE',
  'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
]);

export function faultKind(error: unknown): FaultKind {
  const code = faultCode(error);
  if (code === DUPLICATE) return 'duplicate';
  if (DATA.has(code)) return 'data';
  if (TRANSIENT.has(code) || READ_ONLY.has(code) || isConnectionClosed(error)) return 'transient';
  return 'unknown';
}

export function isReadOnly(error: unknown): boolean {
  return READ_ONLY.has(faultCode(error));
}

/** Numbers MariaDB uses and mysql2 has no names for. */
const MARIADB_NAMES: Record<number, string> = {
  1927: 'ER_CONNECTION_KILLED',
  4025: 'ER_CONSTRAINT_FAILED',
};

export function faultCode(error: unknown): string {
  if (!(error instanceof Error && 'code' in error)) return '';
  const name = 'errno' in error ? MARIADB_NAMES[Number(error.errno)] : undefined;
  return name ?? String(error.code);
}

/** The column that MySQL blames, when it names one. */
export function columnOf(error: unknown): string | null {
  const match = error instanceof Error ? /column '(\w+)'/i.exec(error.message) : null;
  return match?.[1] ?? null;
}

/** mysql2 gives no code when a pooled connection turns out to be closed, or too many wait for one. */
function isConnectionClosed(error: unknown): boolean {
  return (
    error instanceof Error &&
    /closed state|Connection lost|Pool is closed|Queue limit reached/.test(error.message)
  );
}
