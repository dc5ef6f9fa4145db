import type { Kysely } from 'kysely';
import type { Message } from '../domain/message.ts';
import { messageKey } from '../domain/message-id.ts';
import { toDatetime } from './datetime.ts';
import { type MessageRow, messageColumns, toMessage } from './message-row.ts';
import { findInCold } from './cold/find-in-cold.ts';
import type { Cold } from './cold/open-cold.ts';
import type { Names } from './names.ts';
import type { Database } from './schema.ts';

interface Deps {
  readonly db: Kysely<Database>;
  readonly names: Names;
  readonly cold: Cold;
}

/** One range of the clustered key for each. */
const MESSAGES_PER_QUERY_MAX = 100;

/**
 * What is stored of Messages that were sent, to compare the two.
 *
 * @param sent Of one Company; at most some hundred at once.
 * @returns Those that are stored, by messageId: from the hot tier by that alone, from the ones below
 *          also by their Conversation and createdAt.
 */
export async function findStored(
  deps: Deps,
  companyId: string,
  sent: readonly Message[],
): Promise<Map<string, Message>> {
  const companyNo = await deps.names.companyNo(companyId);
  if (companyNo === null) return new Map();
  const found = new Map<string, Message>();
  const add = (rows: readonly MessageRow[]) => {
    for (const row of rows) {
      const message = toMessage(row, companyId);
      found.set(message.messageId, message);
    }
  };
  add(await findInHot(deps, companyNo, sent));
  const missing = sent.filter(({ messageId }) => !found.has(messageId));
  for (let at = 0; at < missing.length; at += MESSAGES_PER_QUERY_MAX) {
    add(await findInWarm(deps, companyNo, missing.slice(at, at + MESSAGES_PER_QUERY_MAX)));
  }
  const absent = missing.filter(({ messageId }) => !found.has(messageId));
  if (deps.cold && absent.length > 0) {
    const sought = (await placesOf(deps, companyNo, absent)).map((place) => {
      return { ...place, companyNo, key: messageKey(place.message.messageId) };
    });
    add([...(await findInCold(deps.cold, deps.db, sought)).values()]);
  }
  return found;
}

function findInHot({ db }: Deps, companyNo: number, sent: readonly Message[]) {
  const keys = sent.map(({ messageId }) => messageKey(messageId));
  if (keys.length === 0) return Promise.resolve([]);
  return messageColumns(db, { table: 'messages_hot', index: 'messages_hot_once' })
    .where('message.company_no', '=', companyNo)
    .where('message.message_id', 'in', keys)
    .execute();
}

async function findInWarm(deps: Deps, companyNo: number, sent: readonly Message[]) {
  const places = await placesOf(deps, companyNo, sent);
  if (places.length === 0) return [];
  return messageColumns(deps.db, { table: 'messages_warm', index: 'primary' })
    .where('message.company_no', '=', companyNo)
    .where((eb) =>
      eb.or(
        places.map(({ message, conversationNo }) =>
          eb.and({
            'message.conversation_no': conversationNo,
            'message.created_at': toDatetime(message.createdAt),
            'message.message_id': messageKey(message.messageId),
          }),
        ),
      ),
    )
    .execute();
}

async function placesOf({ names }: Deps, companyNo: number, sent: readonly Message[]) {
  const places: { message: Message; conversationNo: number }[] = [];
  for (const message of sent) {
    const conversationNo = await names.conversationNo(companyNo, message.conversationId);
    if (conversationNo !== null) places.push({ message, conversationNo });
  }
  return places;
}
