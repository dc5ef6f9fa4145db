/**
 * What Bull Board may be asked, by the names it gives its routes. One that is in none of these lists,
 * such as a new one of a later version, is refused until somebody has looked at what it shows.
 */

export const READS: ReadonlySet<string> = new Set([
  '/api/redis/stats',
  '/api/queues',
  '/api/job-schedulers',
  '/api/queues/:queueName/metrics',
  '/api/queues/:queueName/default-job-options',
  '/api/queues/:queueName/workers',
  '/api/queues/:queueName/rate-limit',
  '/api/queues/:queueName/job-data-schema',
  '/api/queues/:queueName/:jobId',
  '/api/queues/:queueName/:jobId/logs',
  '/api/queues/:queueName/:jobId/flow',
]);

/**
 * What administrators may change where `BOARD_CHANGES` is set: when jobs run. Not which there are: a
 * dead job holds Messages that exist nowhere else. Nor what is in them: the board knows only their
 * description, and would store that in place of what was said. Nor how the fleet treats them: that
 * is the contract's matter.
 */
export const CHANGES: ReadonlySet<string> = new Set([
  '/api/queues/pause',
  '/api/queues/resume',
  '/api/queues/:queueName/pause',
  '/api/queues/:queueName/resume',
  '/api/queues/:queueName/promote',
  '/api/queues/:queueName/retry/:queueStatus',
  '/api/queues/:queueName/:jobId/promote',
  '/api/queues/:queueName/:jobId/retry',
]);
