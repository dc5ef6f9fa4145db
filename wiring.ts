import type { Config } from './config.ts';
import {
  createApiKey,
  findApiKey,
  listApiKeys,
  recordKeyUse,
  revokeApiKey,
  rotateApiKey,
} from './db/api-keys.ts';
import { archive, type ArchiveOptions } from './db/archive.ts';
import { breathe } from './db/breather.ts';
import { openCache } from './db/cache/open.ts';
import { checkMysql, checkTables, pingMysql } from './db/checks.ts';
import { openDatabase } from './db/database.ts';
import { openImportWriter } from './db/import-writer.ts';
import { forgetCheckpoint, readCheckpoint } from './db/imports.ts';
import { readLedger } from './db/ledger.ts';
import { openMessageWriter } from './db/message-writer.ts';
import { findConversations } from './db/find-conversations.ts';
import { findStored } from './db/find-stored.ts';
import { holdRun } from './db/hold-run.ts';
import { migrate } from './db/migrate.ts';
import {
  type ArchiveObject,
  type ArchiveWanted,
  copyObject,
  listArchive,
} from './db/cold/archive-objects.ts';
import { coldUnconfigured } from './db/cold/faults.ts';
import { removeRetired } from './db/cold/remove-retired.ts';
import { restore, type RestoreOptions, type RestoreWanted } from './db/cold/restore.ts';
import { openCold } from './db/cold/open-cold.ts';
import {
  countRipe,
  findRipeInCold,
  findRipeInHot,
  findRipeInWarm,
  type RipeWanted,
} from './db/ripe.ts';
import { openNames } from './db/names.ts';
import { openPoolWatch } from './db/pool-watch.ts';
import { openReplicaLag } from './db/replica-lag.ts';
import {
  knowSchedules,
  pauseSchedule,
  readRunRecords,
  resumeSchedule,
} from './db/schedule-runs.ts';
import { findMessages, findPage } from './db/read.ts';
import {
  getActiveConversations,
  getRecentMessages,
  invalidateConversationCache,
  readActiveBytes,
  readRecentBytes,
} from './db/recent.ts';
import { readStoredDays } from './db/stored-days.ts';
import { readTierSizes } from './db/tier-sizes.ts';
import { listAges, setAges, writeInstallationAges } from './db/tier-ages.ts';
import { verify } from './db/verify.ts';
import { openPatterns } from './db/patterns/open-patterns.ts';
import { openSummaries } from './db/summaries/open-summaries.ts';
import { openUsage } from './db/usage/open-usage.ts';
import { timedPage } from './db/timed-page.ts';
import { createMetrics } from './metrics.ts';
import { openObservers } from './observers.ts';
import { openSessionStore } from './queues/admin-sessions.ts';
import { checkQueueRedis } from './queues/checks.ts';
import { openAskingConnection, openWorkingConnection } from './queues/connection.ts';
import { openCounter } from './queues/count-later.ts';
import { openLater } from './queues/later.ts';
import { openEnqueuer } from './queues/enqueue.ts';
import { QUEUE_NAMES, queuePrefixOf } from './queues/index.ts';
import { openInspector } from './queues/inspect.ts';
import manifest from './package.json' with { type: 'json' };
import { openQueues } from './queues/open-queues.ts';
import { SCHEDULE } from './queues/schedule.ts';
import { openScheduler } from './queues/scheduler.ts';
import { openSummarizer } from './summaries/open-summarizer.ts';
import type { ArchiveBatch } from './domain/archive.ts';
import type { CheckedPageRequest } from './domain/page.ts';
import type { ScheduledRun } from './domain/schedule.ts';

type MoveOptions = Omit<ArchiveOptions, 'breathe'> & Partial<Pick<ArchiveOptions, 'breathe'>>;

/** Moves at once in one process. */
const LOCKS_MAX = 8;

export type Wiring = ReturnType<typeof openWiring>;

/**
 * Opens everything a process needs and connects it; the only place that does. Nothing is reached for
 * before it is used, so servers may still be starting.
 */
export function openWiring(config: Config) {
  const metrics = createMetrics({ version: manifest.version });
  const summarizer = openSummarizer(config);
  const models = [summarizer.model];
  const observers = openObservers(metrics, { queues: QUEUE_NAMES, models });
  const pool = openPoolWatch();
  metrics.beforeShowing(() => observers.pool(pool.counts()));

  const { mysqlUrl, mysqlConnectionsMax } = config;
  const db = openDatabase({ url: mysqlUrl, connectionsMax: mysqlConnectionsMax, watch: pool });
  // Beside the pool, which may have a single connection: whoever holds a lock needs others as well.
  const locks = openDatabase({ url: mysqlUrl, connectionsMax: LOCKS_MAX });
  const replicaLag = openReplicaLag(config.replicaUrls);
  const names = openNames(db);
  const cache = openCache({ url: config.cacheRedisUrl, prefix: config.keyPrefix });
  const cold = openCold(config.archiveUrl);
  const { random } = Math;
  const { now } = Date;
  const observe = observers.commit;
  const writer = openMessageWriter({ db, names, cache, cold, random, now, observe });
  const rooms = { db, names, cache, cold, observe: observers.read };

  const usage = openUsage({ ...rooms, now, random });
  const patterns = openPatterns({ db, names, now });
  const tokensPerDayMax = config.llm?.tokensPerCompanyDayMax ?? Infinity;
  const summaries = openSummaries({ db, names, tokensPerDayMax, observe: observers.summary, now });

  const queuePrefix = queuePrefixOf(config.keyPrefix);
  const asking = openAskingConnection(config.queueRedisUrl);
  const working = openWorkingConnection(config.queueRedisUrl);
  const enqueuer = openEnqueuer(asking, queuePrefix);
  const later = openLater(enqueuer);
  const counter = openCounter(enqueuer.enqueue, { windowMs: config.countAfterMs, now });
  const inspector = openInspector(asking, queuePrefix);
  const queues = openQueues(asking, queuePrefix);
  const scheduler = openScheduler({ queues, schedule: SCHEDULE, timeZone: config.timeZone });

  const findRipe = async (wanted?: RipeWanted) => [
    ...(await findRipeInHot(db, now(), wanted)),
    ...(cold ? await findRipeInWarm(db, now(), wanted) : []),
    ...(cold ? await findRipeInCold(db, now(), wanted) : []),
  ];
  const breathing = { db, replicaLag, lagSecondsMax: config.replicaLagSecondsMax };
  const move = (batch: ArchiveBatch, options: MoveOptions) =>
    archive({ ...rooms, locks, now }, batch, {
      breathe: (tookMs) => breathe(breathing, tookMs, options.signal),
      ...options,
    });

  const readPage = (request: CheckedPageRequest) =>
    timedPage(observers.tierPage, () => findPage(rooms, request));

  type ConversationName = { companyId: string; conversationId: string };

  return {
    /** What happens in this process, in numbers; and where others tell what they see. */
    metrics,
    observers,
    queue: { connection: working, prefix: queuePrefix, inspector, enqueue: enqueuer.enqueue },

    /** What the admin pages ask for. */
    admin: {
      queues,
      sessions: openSessionStore(asking, queuePrefix),
      redis: asking,
      prefix: queuePrefix,
    },

    /** What processors ask for. */
    deps: {
      storeMessages(messages: Parameters<typeof writer.store>[0], signal: AbortSignal) {
        observers.persistJob(messages.length);
        return writer.store(messages, signal);
      },
      countRefused: observers.refusedByStore,
      ...later,
      async readRecentPage(conversation: ConversationName) {
        await readRecentBytes(rooms, conversation);
      },
      getActiveConversations: (companyId: string) => getActiveConversations(rooms, companyId),
      cleanCache: cache.clean,
      findRipe: () => findRipe(),
      archive: (batch: ArchiveBatch, signal: AbortSignal) => move(batch, { signal }),
      countLater: counter.countLater,
      recount: usage.recount,
      findUncounted: usage.findUncounted,
      arePatternsJustFound: patterns.areJustFound,
      keepPatterns: patterns.keep,
      findWantedPatterns: patterns.findWanted,
      removeRetired: async () => (cold ? removeRetired({ db, store: cold.store }) : undefined),
      summarizer,
      findDueSummaries: summaries.findDue,
      readSummary: summaries.read,
      findMessages: findMessages.bind(null, rooms), // Not among the times of those who wait.
      tokensLeft: summaries.tokensLeft,
      noteWasted: summaries.noteWasted,
      noteSummaryFailure: summaries.noteFailure,
      keepSummary: summaries.keep,
      now,
      random,
    },

    /** Moves between tiers, by hand. */
    archive: {
      findRipe,
      count: countRipe.bind(null, rooms),
      move,
      breathe: breathe.bind(null, breathing),
      async restore(wanted: Omit<RestoreWanted, 'companyNo'>, options: RestoreOptions) {
        if (!cold) throw coldUnconfigured();
        const companyNo = await names.companyNo(wanted.companyId);
        if (companyNo === null) return null;
        return restore({ ...cold, db, locks }, { ...wanted, companyNo }, options);
      },
      /** What the cold tier is made of; without one, nothing. */
      async list(wanted: ArchiveWanted) {
        return cold ? listArchive({ db, store: cold.store }, wanted) : [];
      },
      async copy(object: ArchiveObject, path: string) {
        if (cold) await copyObject(cold.store, object, path);
      },
      async removeRetired(graceMs?: number) {
        return cold ? removeRetired({ db, store: cold.store }, graceMs) : { removed: 0 };
      },
    },
    ages: { list: () => listAges(db), set: setAges.bind(null, db) },
    verify: verify.bind(null, rooms),
    readTierSizes: readTierSizes.bind(null, db),
    /** Older histories: past the queue, by the same rules. */
    imports: {
      ...openImportWriter({ db, names, cache, cold, random, now }),
      readCheckpoint: readCheckpoint.bind(null, db),
      forgetCheckpoint: forgetCheckpoint.bind(null, db),
    },
    readStoredDays: readStoredDays.bind(null, rooms),
    schedule: {
      entries: SCHEDULE,
      timeZone: config.timeZone,
      /** @returns The runs that had been missed, and are asked for now. */
      async keep(): Promise<ScheduledRun[]> {
        await knowSchedules(db, Object.keys(SCHEDULE), now());
        await scheduler.plan();
        const asked: ScheduledRun[] = [];
        for (const run of scheduler.missed(await readRunRecords(db), now())) {
          if (await scheduler.ask(run)) asked.push(run);
        }
        return asked;
      },
      read: () => readRunRecords(db),
      ask: scheduler.ask,
      nextDueAt: (name: string) => scheduler.nextDueAt(name, now()),
      pause: (name: string) => pauseSchedule(db, name, now()),
      resume: (name: string) => resumeSchedule(db, name, now()),
      holdRun: holdRun.bind(null, db),
    },

    readRecentBytes: readRecentBytes.bind(null, rooms),
    readActiveBytes: readActiveBytes.bind(null, rooms),
    findConversations: findConversations.bind(null, rooms),
    findPage: readPage,
    findMessages: async (request: CheckedPageRequest) => (await readPage(request)).page,
    findStored: findStored.bind(null, rooms),
    getRecentMessages: getRecentMessages.bind(null, rooms),
    getActiveConversations: getActiveConversations.bind(null, rooms),
    readStatsBytes: usage.readStatsBytes,
    readPatterns: patterns.read,
    wantPatterns: patterns.want,
    findPatternsLater: later.findPatternsLater,
    getMessageStats: usage.getMessageStats,
    invalidateConversationCache: invalidateConversationCache.bind(null, rooms),
    async invalidateCompanyCache(companyId: string) {
      await cache.invalidateCompany(companyId);
      // Emptied at once, filled again before anybody asks; without the queue, by whoever asks.
      await later.warmCompany(companyId).catch(() => {});
    },
    readSummary: summaries.read,
    listSummaryVersions: summaries.listVersions,
    askForSummary: later.askForSummary,
    forgetSummaryFailure: summaries.forgetFailure,
    tokensLeft: summaries.tokensLeft,
    readLedger: readLedger.bind(null, db),
    keys: {
      create: createApiKey.bind(null, db),
      find: findApiKey.bind(null, db),
      list: listApiKeys.bind(null, db),
      revoke: revokeApiKey.bind(null, db),
      rotate: rotateApiKey.bind(null, db),
      recordUse: recordKeyUse.bind(null, db),
    },
    /** Answers in time or rejects: whether MySQL, and the cache's Redis, are there. */
    ping: { mysql: () => pingMysql(db), cacheRedis: cache.ping },
    /** Not for anything that must last: counts of the moment. */
    volatile: { connection: cache.connection, prefix: config.keyPrefix },
    async migrate() {
      const ran = await migrate(db);
      // Else a shell that knows nothing of them would take them back.
      if (config.areAgesGiven) await writeInstallationAges(db, config);
      return ran;
    },
    checkTables: () => checkTables(db),
    async check() {
      return [
        ...(await checkMysql(db)),
        ...(await checkQueueRedis(working)),
        ...(await replicaLag.check()),
      ];
    },

    async close() {
      await Promise.all([enqueuer.close(), inspector.close(), queues.close()]);
      asking.disconnect();
      working.disconnect();
      await Promise.all([db.destroy(), locks.destroy(), replicaLag.close()]);
      await cold?.close();
      cache.close(); // Last: it is to hear of every commit.
    },
  };
}
