import { CompiledQuery, type Kysely } from 'kysely';
import { fromCursor, type Position } from '../domain/cursor.ts';
import type { Message } from '../domain/message.ts';
import { type CheckedPageRequest, cursorOf, type Page } from '../domain/page.ts';
import { toDatetime } from './datetime.ts';
import { type HotIndex, messageColumns, type MessageRow, toMessage } from './message-row.ts';
import type { Names } from './names.ts';
import type { Database } from './schema.ts';

/**
 * One page of Messages in `(createdAt, messageId)` order (P4): of a Conversation, of a Client, or of
 * the whole Company. Each kind is one range of one index, however deep the page lies.
 *
 * @throws PipelineError `CURSOR_INVALID`.
 */
export async function findMessages(
  deps: { db: Kysely<Database>; names: Names },
  request: CheckedPageRequest,
): Promise<Page> {
  const cursor = request.before ?? request.after;
  const position = cursor === undefined ? null : fromCursor(cursor);
  const scope = await findScope(deps.names, request);
  const rows = scope === null ? [] : await readRows(deps.db, { request, scope, position });

  const hasMore = rows.length > request.limit;
  const messages = rows.slice(0, request.limit).map((row) => toMessage(row, request.companyId));
  return request.after === undefined
    ? olderPage(messages.toReversed(), { hasMore, before: request.before ?? null })
    : newerPage(messages, request.after);
}

function olderPage(messages: Message[], around: { hasMore: boolean; before: string | null }): Page {
  const [first, last] = [messages.at(0), messages.at(-1)];
  const before = first && around.hasMore ? cursorOf(first) : null;
  return { messages, before, after: last ? cursorOf(last) : around.before };
}

function newerPage(messages: Message[], after: string): Page {
  const [first, last] = [messages.at(0), messages.at(-1)];
  return { messages, before: first ? cursorOf(first) : null, after: last ? cursorOf(last) : after };
}

/** Which range of which index holds the answer; null when a name is unknown. */
interface Scope {
  readonly index: HotIndex;
  readonly equal: Partial<Record<'company_no' | 'conversation_no' | 'client_no', number>>;
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

interface Range {
  readonly request: CheckedPageRequest;
  readonly scope: Scope;
  readonly position: Position | null;
}

/** Statements by what shapes them, some dozen: writing one takes as long as reading ten rows. */
const statements = new Map<string, string>();

async function readRows(db: Kysely<Database>, range: Range): Promise<readonly MessageRow[]> {
  const { request, scope, position } = range;
  const isThere = [request.after, request.from, request.to, position ?? undefined].map(
    (value) => value !== undefined,
  );
  const shape = `${scope.index} ${isThere.join()}`;
  const statement = statements.get(shape) ?? pageQuery(db, range).compile().sql;
  statements.set(shape, statement);
  const query = CompiledQuery.raw(statement, pageParameters(range));
  return (await db.executeQuery<MessageRow>(query)).rows;
}

/** The values of a `pageQuery`, in its order. */
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

/** Asks for one row more than the page holds, to know whether there is another page. */
export function pageQuery(db: Kysely<Database>, { request, scope, position }: Range) {
  const isForward = request.after !== undefined;
  const direction = isForward ? 'asc' : 'desc';
  const [upTo, past] = isForward ? (['>=', '>'] as const) : (['<=', '<'] as const);
  const { from, to } = request;

  let query = messageColumns(db, scope.index).where((eb) => eb.and(prefixed(scope.equal)));
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
    .limit(request.limit + 1);
}

function prefixed(equal: Scope['equal']) {
  const entries = Object.entries(equal).map(([column, no]) => [`message.${column}`, no]);
  return Object.fromEntries(entries) as Record<string, number>;
}
