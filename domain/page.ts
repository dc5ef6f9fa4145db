import { z } from 'zod';
import { type Cursor, toCursor } from './cursor.ts';
import { type Instant, toInstant } from './instant.ts';
import type { Message } from './message.ts';
import { messageKey } from './message-id.ts';

export const PAGE_MESSAGES_MAX = 500;
export const PAGE_MESSAGES_DEFAULT = 50;

/**
 * Which Messages are wanted: of one Conversation, of one Client, or of the whole Company; between
 * two moments (`from` included, `to` not); next to a cursor, or the newest.
 */
export const PageRequest = z
  .strictObject({
    companyId: z.string().min(1),
    conversationId: z.string().min(1).optional(),
    clientId: z.string().min(1).optional(),
    from: instant().optional(),
    to: instant().optional(),
    limit: z.int().min(1).max(PAGE_MESSAGES_MAX).default(PAGE_MESSAGES_DEFAULT),
    before: z.string().optional(),
    after: z.string().optional(),
  })
  .refine((page) => !(page.before && page.after), {
    path: ['after'],
    error: 'cannot be given together with before; choose one',
  })
  .refine((page) => !(page.conversationId && page.clientId), {
    path: ['clientId'],
    error: 'cannot be given together with conversationId; choose one',
  });
export type PageRequest = z.input<typeof PageRequest>;
export type CheckedPageRequest = z.output<typeof PageRequest>;

/** Messages in `(createdAt, messageId)` order, oldest first, with the cursors to go on. */
export interface Page {
  readonly messages: readonly Message[];
  /** Hand back as `before` for the page of older Messages; null when there are none. */
  readonly before: Cursor | null;
  /** Hand back as `after` for what comes later, now or in future; null on an empty history. */
  readonly after: Cursor | null;
  /** Where Messages may be missing, because a part of the archive is damaged. Else absent. */
  readonly unavailable?: readonly { readonly from: Instant; readonly to: Instant }[];
}

export function cursorOf(message: Message): Cursor {
  return toCursor({ createdAt: message.createdAt, messageKey: messageKey(message.messageId) });
}

function instant() {
  const error = 'must be an ISO 8601 date and time with offset, like 2026-01-31T12:00:00.000Z';
  return z.string().transform((text, context) => {
    const found = toInstant(text);
    if (found === null) context.addIssue({ code: 'custom', message: error, input: text });
    return found ?? z.NEVER;
  });
}
