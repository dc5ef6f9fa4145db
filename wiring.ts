import type { Config } from './config.ts';
import { openCache } from './db/cache/open.ts';
import { checkMysql } from './db/checks.ts';
import { openDatabase } from './db/database.ts';
import { readLedger } from './db/ledger.ts';
import { openMessageWriter } from './db/message-writer.ts';
import { findMessagesById } from './db/find-by-id.ts';
import { migrate } from './db/migrate.ts';
import { openNames } from './db/names.ts';
import { findMessages } from './db/read.ts';
import {
  getActiveConversations,
  getRecentMessages,
  invalidateConversationCache,
  readRecentBytes,
} from './db/recent.ts';
import { checkQueueRedis } from './queues/checks.ts';
import { openAskingConnection, openWorkingConnection } from './queues/connection.ts';
import { openEnqueuer } from './queues/enqueue.ts';
import { queuePrefixOf } from './queues/index.ts';
import { openInspector } from './queues/inspect.ts';

export type Wiring = ReturnType<typeof openWiring>;

/**
 * Opens everything a process needs and connects it; the only place that does. Nothing is reached for
 * before it is used, so servers may still be starting.
 */
export function openWiring(config: Config) {
  const db = openDatabase({ url: config.mysqlUrl, connectionsMax: config.mysqlConnectionsMax });
  const names = openNames(db);
  const cache = openCache({ url: config.cacheRedisUrl, prefix: config.keyPrefix });
  const writer = openMessageWriter({ db, names, cache, random: Math.random });
  const rooms = { db, names, cache };

  const queuePrefix = queuePrefixOf(config.keyPrefix);
  const asking = openAskingConnection(config.queueRedisUrl);
  const working = openWorkingConnection(config.queueRedisUrl);
  const enqueuer = openEnqueuer(asking, queuePrefix);
  const inspector = openInspector(asking, queuePrefix);

  type ConversationName = { companyId: string; conversationId: string };

  return {
    queue: { connection: working, prefix: queuePrefix, inspector, enqueue: enqueuer.enqueue },

    /** What processors ask for. */
    deps: {
      storeMessages: writer.store,
      async warmConversation({ companyId, conversationId }: ConversationName) {
        await enqueuer.enqueue('cache-warm', { companyId, conversationId });
      },
      async readRecentPage(conversation: ConversationName) {
        await readRecentBytes(rooms, conversation);
      },
      getActiveConversations: (companyId: string) => getActiveConversations(rooms, companyId),
      now: Date.now,
    },

    readRecentBytes: readRecentBytes.bind(null, rooms),
    findMessages: findMessages.bind(null, rooms),
    findMessagesById: findMessagesById.bind(null, rooms),
    getRecentMessages: getRecentMessages.bind(null, rooms),
    getActiveConversations: getActiveConversations.bind(null, rooms),
    invalidateConversationCache: invalidateConversationCache.bind(null, rooms),
    async invalidateCompanyCache(companyId: string) {
      await cache.invalidateCompany(companyId);
      // Emptied at once, filled again before anybody asks.
      await enqueuer.enqueue('cache-warm', { companyId });
    },
    readLedger: readLedger.bind(null, db),
    migrate: () => migrate(db),
    async check() {
      return [...(await checkMysql(db)), ...(await checkQueueRedis(working))];
    },

    async close() {
      await Promise.all([enqueuer.close(), inspector.close()]);
      asking.disconnect();
      working.disconnect();
      await db.destroy();
      cache.close(); // Last: it is to hear of every commit.
    },
  };
}
