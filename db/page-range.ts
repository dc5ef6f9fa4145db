import { CompiledQuery, type Kysely } from 'kysely';
import { fromCursor, type Position } from '../domain/cursor.ts';
import type { CheckedPageRequest } from '../domain/page.ts';
import { toDatetime } from './datetime.ts';
import {
  type HotIndex,
  messageColumns,
  type MessageIndex,
  type MessageRow,
} from './message-row.ts';
import type { Names } from './names.ts';
import type { Database, Datetime } from './schema.ts';

/** Whose Messages are wanted: which range of which index of the hot tier holds them. */
export interface Scope {
  readonly index: HotIndex;
  readonly equal: {
    readonly company_no: number;
    readonly conversation_no?: number;
    readonly client_no?: number;
  };
}

/** A page as the tiers understand it. */
export interface Range {
  readonly request: CheckedPageRequest;
  readonly scope: Scope;
  readonly position: Position | null;
}

/**
 * @returns Null when a name is unknown, so that nobody has said anything.
 * @throws PipelineError `CURSOR_INVALID`.
 */
export async function toRange(names: Names, request: CheckedPageRequest): Promise<Range | null> {
  const cursor = request.before ?? request.after;
  const position = cursor === undefined ? null : fromCursor(cursor);
  const scope = await findScope(names, request);
  return scope && { request, scope, position };
}

async function findScope(names: Names, request: CheckedPageRequest): Promise<Scope | null> {
  const company_no = await names.companyNo(request.companyId);
  if (company_no === null) return null;
  if (request.conversationId !== undefined) {
    const conversation_no = await names.conversationNo(company_no, request.conversationId);
    if (conversation_no === null) return null;
    return { index: 'primary', equal: { company_no, conversation_no } };
  }
  if (request.clientId === undefined) {
    return { index: 'messages_hot_by_company', equal: { company_no } };
  }
  const client_no = await names.clientNo(company_no, request.clientId);
  if (client_no === null) return null;
  // A Client's number lies within its Company; asking for both keeps P7 visible in the query.
  return { index: 'messages_hot_by_client', equal: { client_no, company_no } };
}

/** Towards later Messages; else towards older ones. */
export function isForward({ request }: Range): boolean {
  return request.after !== undefined;
}

/** A page's Messages, and one more to know whether there is another page. */
export function rowsWanted({ request }: Range): number {
  return request.limit + 1;
}

/** The moments between which something lies, both included; null: no bound. */
export interface Span {
  readonly since: Datetime | null;
  readonly until: Datetime | null;
}

/** Where the page lies. */
export function spanOf(range: Range): Span {
  const { request, position } = range;
  const at = position ? toDatetime(position.createdAt) : null;
  const from = request.from === undefined ? null : toDatetime(request.from);
  const to = request.to === undefined ? null : toDatetime(request.to);
  const [after, before] = isForward(range) ? [at, null] : [null, at];
  return overlapOf({ since: from, until: to }, { since: after, until: before });
}

export function overlapOf(one: Span, other: Span): Span {
  return { since: latest(one.since, other.since), until: earliest(one.until, other.until) };
}

const latest = (a: Datetime | null, b: Datetime | null) => (a !== null && a > (b ?? '') ? a : b);
const earliest = (a: Datetime | null, b: Datetime | null) =>
  a !== null && (b === null || a < b) ? a : b;

/** What a row of the hot tier tells of the tiers below. */
export interface HotRow extends MessageRow {
  readonly hot_since: Datetime | null;
  readonly first_message_at: Datetime | null;
}

/** Statements by what shapes them, some dozen: writing one takes as long as reading ten rows. */
const statements = new Map<string, string>();

/** The page as far as the hot tier knows it. One range of one index, however deep it lies. */
export async function readHot(db: Kysely<Database>, range: Range): Promise<readonly HotRow[]> {
  const { request, scope, position } = range;
  const isThere = [request.after, request.from, request.to, position ?? undefined].map(
    (value) => value !== undefined,
  );
  const shape = `${scope.index} ${isThere.join()}`;
  const statement = statements.get(shape) ?? hotQuery(db, range).compile().sql;
  statements.set(shape, statement);
  const query = CompiledQuery.raw(statement, pageParameters(range));
  return (await db.executeQuery<HotRow>(query)).rows;
}

/** The values of a `hotQuery`, in its order. */
export function pageParameters({ request, scope, position }: Range): unknown[] {
  const span = [request.from, request.to].filter((instant) => instant !== undefined);
  const at = position && toDatetime(position.createdAt);
  return [
    ...Object.values(scope.equal),
    ...span.map(toDatetime),
    ...(position ? [at, at, position.messageKey] : []),
    request.limit + 1,
  ];
}

export function hotQuery(db: Kysely<Database>, range: Range) {
  return pageQuery(db, { table: 'messages_hot', index: range.scope.index }, range)
    .innerJoin('companies as company', 'company.company_no', 'message.company_no')
    .select(['company.hot_since', 'conversation.first_message_at']);
}

/** The Messages of a page that have these numbers. */
export function pageQuery(
  db: Kysely<Database>,
  source: MessageIndex,
  range: Range,
  equal: Partial<Scope['equal']> = range.scope.equal,
) {
  const direction = isForward(range) ? 'asc' : 'desc';
  const [upTo, past] = isForward(range) ? (['>=', '>'] as const) : (['<=', '<'] as const);
  const { request, position } = range;
  const { from, to } = request;

  let query = messageColumns(db, source).where((eb) => eb.and(prefixed(equal)));
  if (from !== undefined) query = query.where('message.created_at', '>=', toDatetime(from));
  if (to !== undefined) query = query.where('message.created_at', '<', toDatetime(to));
  if (position) {
    const createdAt = toDatetime(position.createdAt);
    query = query
      .where('message.created_at', upTo, createdAt) // The range; then the ties at its end.
      .where((eb) =>
        eb.or([
          eb('message.created_at', past, createdAt),
          eb('message.message_id', past, position.messageKey),
        ]),
      );
  }
  return query
    .orderBy('message.created_at', direction)
    .orderBy('message.message_id', direction)
    .limit(rowsWanted(range));
}

function prefixed(equal: Partial<Scope['equal']>) {
  const entries = Object.entries(equal).map(([column, no]) => [`message.${column}`, no]);
  return Object.fromEntries(entries) as Record<string, number>;
}
