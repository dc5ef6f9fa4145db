import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type {
  AppControllerRoute,
  AppViewRoute,
  BoardHooks,
  ControllerHandlerReturnType,
  JobRetryStatus,
  JobStatus,
  UIConfig,
} from '@bull-board/api/typings/app';
import { ExpressAdapter } from '@bull-board/express';
import type { Job, Queue } from 'bullmq';
import type { Express, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { contractOf, QUEUE_NAMES, type QueueName } from '../queues/index.ts';
import type { OpenQueues } from '../queues/open-queues.ts';
import { CHANGES, READS } from './board-routes.ts';
import { queueUnreachable } from './problem.ts';
import { describePayload, hidden, redactAnswer } from './redact.ts';

export interface BoardOptions {
  readonly queues: OpenQueues;
  /** Where it is mounted. */
  readonly path: string;
  readonly isChangeable: boolean;
  readonly log: Logger;
}

/** Longer than Redis may take for a command: what takes longer is not waited for. */
const ANSWER_MS_MAX = 6_000;
/** A job may hold some megabytes, and comes with all of them, up to seven states at once. */
const JOBS_PER_PAGE_MAX = 20;
/** Bull Board hands over the headers of a request, and nothing else that we could add to. */
const SESSION_HEADER = 'x-camadas-session';

/**
 * Bull Board over all queues. Opened when it is first asked for, and again while that fails, for the
 * queue's Redis may be away. Expects the session's name in `response.locals.session`.
 */
export function openBoard(options: BoardOptions): RequestHandler {
  let opening: Promise<Express> | undefined;

  return async (request, response, next) => {
    request.headers[SESSION_HEADER] = String(response.locals['session']);
    opening ??= open(options);
    const board = await opening.catch((error: unknown) => {
      opening = undefined;
      throw queueUnreachable(error);
    });
    board(request, response, next);
  };
}

async function open(options: BoardOptions): Promise<Express> {
  const { queues, path, isChangeable } = options;
  const adapters = await Promise.all(
    QUEUE_NAMES.map(async (name) => openAdapter(name, await queues.get(name), isChangeable)),
  );
  const serverAdapter = new Server().setBasePath(path);
  createBullBoard({
    queues: adapters,
    serverAdapter,
    options: { uiConfig: UI, handlerHooks: openHooks(options) },
  });
  return (serverAdapter.getRouter() as Express).disable('x-powered-by').disable('etag');
}

const UI: UIConfig = {
  boardTitle: 'camadas',
  boardLogo: { path: '/look/icon.svg', width: 28, height: 28 },
  favIcon: { default: '/look/icon.svg', alternative: '/look/icon.svg' },
  miscLinks: [{ text: 'Start page and logout', url: '/' }],
  hideDocsLink: true,
  // It would list all connections of Redis at each poll.
  showWorkers: false,
};

function openAdapter(name: QueueName, queue: Queue, isChangeable: boolean): BullMQAdapter {
  const description = contractOf(name).summary;
  const adapter = new Jobs(queue, { description, readOnlyMode: !isChangeable });
  // All else of a job is redacted in the answer, see `openHooks`.
  adapter.setFormatter('data', describePayload);
  return adapter;
}

/** Retries with all attempts, as `redrive` does: else the next fault, be it a passing one, is the last. */
class Jobs extends BullMQAdapter {
  override async getJob(id: string): Promise<Job | undefined> {
    const job = await super.getJob(id);
    return job && revivable(job);
  }

  override async getJobs(states: JobStatus[], start?: number, end?: number): Promise<Job[]> {
    return (await super.getJobs(states, start, end)).map(revivable);
  }
}

function revivable(job: Job): Job {
  const retry = job.retry.bind(job);
  job.retry = (state?: JobRetryStatus) => retry(state, { resetAttemptsMade: true });
  return job;
}

/** Looks at each call before and after. What it throws, Bull Board answers with a refusal. */
function openHooks({ isChangeable, log }: BoardOptions): BoardHooks {
  return {
    before({ method, route, request }) {
      const { queueName: queue, jobId: job } = request.params;
      if (method === 'get') {
        const { jobsPerPage } = request.query;
        if (Number(jobsPerPage) > JOBS_PER_PAGE_MAX) {
          request.query['jobsPerPage'] = String(JOBS_PER_PAGE_MAX);
        }
        return { allow: READS.has(route), message: NOT_SHOWN };
      }
      if (!isChangeable) return { allow: false, message: READ_ONLY };
      if (!CHANGES.has(route)) return { allow: false, message: NOT_CHANGED };
      const session = request.headers[SESSION_HEADER];
      log.info({ session, change: `${method} ${route}`, queue, job }, 'board change');
      return { allow: true };
    },
    after({ route }, { status, body }) {
      const isLog = route.endsWith('/logs') && Array.isArray(body);
      const shown = isLog ? body.map(hidden) : redactAnswer(body);
      return { ...(status && { status }), body: shown as ControllerHandlerReturnType['body'] };
    },
  };
}

const NOT_SHOWN = 'camadas does not show this';
const READ_ONLY = 'this board only shows; set BOARD_CHANGES=true to change things';
const NOT_CHANGED =
  'this board retries and promotes jobs and pauses queues, but does not add, edit or remove anything';

/** Bull Board's server, with a deadline, and without fonts from elsewhere. */
class Server extends ExpressAdapter {
  override setApiRoutes(routes: AppControllerRoute[]): this {
    super.setApiRoutes(
      routes.map((route) => ({ ...route, handler: (request) => inTime(route.handler(request)) })),
    );
    return this;
  }

  override setEntryRoute({ route, handler }: AppViewRoute): this {
    this.app.get(route, (_request, response, next) => {
      const { name, params } = handler({ basePath: this.basePath, uiConfig: this.uiConfig });
      this.app.render(name, params, (error: Error | null, html: string) => {
        if (error) next(error);
        else response.type('html').send(html.replaceAll(FOREIGN_LINK, ''));
      });
    });
    return this;
  }
}

const FOREIGN_LINK = /<link [^>]*href="https:[^>]*>/g;

/** What goes wrong is Redis, or a job that has changed meanwhile. Errors may quote jobs: none is shown. */
async function inTime<Result>(answering: Result | Promise<Result>): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('late')), ANSWER_MS_MAX);
  try {
    return await Promise.race([answering, late]);
  } catch {
    throw Object.assign(new Error(NO_ANSWER), { statusCode: 503 });
  } finally {
    clearTimeout(timer);
  }
}

const NO_ANSWER =
  "the queue's Redis does not answer in time, or the job has changed meanwhile; look again in a moment";
