import { z } from 'zod';
import { STATS_DAYS_MAX } from '../domain/stats.ts';

/** So many days up to and with the current one. */
export const Days = z.coerce
  .number({ error: 'must be a whole number' })
  .int({ error: 'must be a whole number' })
  .min(1, { error: 'must be at least 1' })
  .max(STATS_DAYS_MAX, { error: `must be at most ${STATS_DAYS_MAX}` });
