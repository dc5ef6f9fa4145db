import { createPool, type Pool, type RowDataPacket } from 'mysql2/promise';

/** A flat table of messages in some MySQL, as an ORM makes it: only read, and in order of its key. */
export interface FlatSource {
  listTables(): Promise<readonly FlatTable[]>;
  /** The next rows behind a key, in order; from the first one on if that is null. */
  readPage(table: FlatTable, after: FlatKey | null, limit: number): Promise<readonly FlatRow[]>;
  close(): Promise<void>;
}

export interface FlatTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** Columns that tell its rows apart and give them an order; empty: there are none. */
  readonly keyColumns: readonly string[];
  /** About; the server's own guess. */
  readonly rows: number;
}

export type FlatRow = Readonly<Record<string, unknown>>;
/** The values of the key columns; bytes in hex, after `0x`. */
export type FlatKey = readonly (string | number)[];

/** @param url mysql://user:password@host:port/database */
export function openFlatSource(url: string): FlatSource {
  const pool = createPool({
    uri: url.replace(/^mariadb:/, 'mysql:'),
    connectionLimit: 2,
    connectTimeout: 10_000,
    charset: 'utf8mb4_bin',
    // Dates stay the text they are, big numbers the digits.
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: false,
  });
  // A `timestamp` is shown in the zone of the session, a `datetime` as it stands: both as UTC.
  pool.pool.on('connection', (connection) => {
    connection.query("set time_zone = '+00:00'", () => {});
  });
  return {
    listTables: () => listTables(pool),
    async readPage(table, after, limit) {
      const { name, keyColumns } = table;
      const order = keyColumns.map(quoted).join(', ');
      const where = after === null ? '' : `where ${behind(keyColumns)}`;
      const [rows] = await pool.query<RowDataPacket[]>(
        `select * from ${quoted(name)} ${where} order by ${order} limit ${limit}`,
        after === null ? [] : behindValues(after.map(fromKey)),
      );
      return rows;
    },
    close: () => pool.end(),
  };
}

/** The key of a row, to go on behind it. */
export function keyOf({ keyColumns }: FlatTable, row: FlatRow): FlatKey {
  return keyColumns.map((column) => {
    const value = row[column];
    if (Buffer.isBuffer(value)) return `0x${value.toString('hex')}`;
    return typeof value === 'number' ? value : String(value);
  });
}

function fromKey(value: string | number): unknown {
  const isBytes = typeof value === 'string' && /^0x([0-9a-f]{2})+$/.test(value);
  return isBytes ? Buffer.from(value.slice(2), 'hex') : value;
}

/** `(a, b) > (?, ?)`, in the form whose index range both servers find. */
function behind(columns: readonly string[]): string {
  const parts = columns.map((column, at) => {
    const equal = columns.slice(0, at).map((one) => `${quoted(one)} = ?`);
    return `(${[...equal, `${quoted(column)} > ?`].join(' and ')})`;
  });
  return parts.join(' or ');
}

function behindValues(values: readonly unknown[]): unknown[] {
  return values.flatMap((_, at) => values.slice(0, at + 1));
}

const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``;

async function listTables(pool: Pool): Promise<FlatTable[]> {
  const [tables] = await pool.query<RowDataPacket[]>(
    `select table_name as name, table_rows as rowsAbout from information_schema.tables
     where table_schema = database() and table_type = 'BASE TABLE' order by table_name`,
  );
  const [columns] = await pool.query<RowDataPacket[]>(
    `select table_name as tableName, column_name as name from information_schema.columns
     where table_schema = database() order by table_name, ordinal_position`,
  );
  const [keys] = await pool.query<RowDataPacket[]>(
    `select statistic.table_name as tableName, statistic.index_name as indexName,
       statistic.column_name as name, statistic.nullable as isNullable
     from information_schema.statistics as statistic
     where table_schema = database() and non_unique = 0
     order by table_name, index_name <> 'PRIMARY', index_name, seq_in_index`,
  );
  return tables.map((table) => {
    const own = (row: RowDataPacket) => row['tableName'] === table['name'];
    return {
      name: String(table['name']),
      columns: columns.filter(own).map((column) => String(column['name'])),
      keyColumns: firstKey(keys.filter(own)),
      rows: Number(table['rowsAbout'] ?? 0),
    };
  });
}

/** The primary key, or the first unique one in which nothing is null. */
function firstKey(rows: readonly RowDataPacket[]): string[] {
  for (const parts of Map.groupBy(rows, (row) => String(row['indexName'])).values()) {
    if (parts.every((part) => part['isNullable'] !== 'YES' && part['name'] !== null)) {
      return parts.map((part) => String(part['name']));
    }
  }
  return [];
}
