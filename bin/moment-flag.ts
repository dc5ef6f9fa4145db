import { z } from 'zod';
import { toInstant } from '../domain/instant.ts';

/** A day, or a moment, in UTC. */
export const Moment = z.string({ error: 'is needed' }).transform((text, context) => {
  const found = toInstant(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00.000Z` : text);
  const error = 'must be a day like 2026-01-31, or a date and time with offset';
  if (found === null) context.addIssue({ code: 'custom', message: error, input: text });
  return found ?? z.NEVER;
});
