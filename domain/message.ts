import { z } from 'zod';
import { instantOf, toInstant } from './instant.ts';
import { newMessageId } from './message-id.ts';
import { exceedsBytes } from './text.ts';

export const ROLES = ['user', 'bot', 'agent', 'system'] as const;
export const ID_LENGTH_MAX = 64;
export const MESSAGE_ID_LENGTH_MAX = 128;
export const CONTENT_BYTES_MAX = 64 * 1024;
export const METADATA_BYTES_MAX = 16 * 1024;
/** How far ahead of ours a chatbot's clock may run before its Messages are refused. */
export const FUTURE_MS_MAX = 60 * 60 * 1000;

/**
 * One Message of a Conversation, complete: what a job carries, a tier stores and a page shows.
 * `createdAt` is canonical (see `Instant`); `metadata` is any JSON object, or absent.
 */
export const Message = z.strictObject({
  companyId: outsideId(ID_LENGTH_MAX),
  clientId: outsideId(ID_LENGTH_MAX),
  conversationId: outsideId(ID_LENGTH_MAX),
  messageId: outsideId(MESSAGE_ID_LENGTH_MAX),
  role: z.enum(ROLES, { error: `must be one of ${ROLES.join(', ')}` }),
  content: z
    .string({ error: 'must be a string' })
    .refine((text) => text.isWellFormed(), {
      error: 'holds half a surrogate pair; send whole Unicode characters',
    })
    .refine((text) => !exceedsBytes(text, CONTENT_BYTES_MAX), {
      error: `is longer than ${CONTENT_BYTES_MAX} bytes in UTF-8; split it into several messages`,
    }),
  createdAt: z.string({ error: 'must be a string' }).transform(canonicalInstant),
  metadata: z.custom<Metadata>(isPlainObject, { error: 'must be a JSON object' }).optional(),
});
export type Message = z.infer<typeof Message>;
export type Role = (typeof ROLES)[number];
export type Metadata = Readonly<Record<string, unknown>>;

/** A Message as the chatbot hands it over: our id and the present moment are filled in. */
export type NewMessage = Omit<Message, 'messageId' | 'createdAt'> & {
  /**
   * The chatbot's own id, kept as it is; with it a call may be repeated safely. A webhook's id of the
   * messaging provider is a good one.
   */
  readonly messageId?: string;
  /** ISO 8601 with offset, or a Date. */
  readonly createdAt?: string | Date;
};

/** What is wrong with a Message: the field, and the reason with its remedy. */
export interface MessageFault {
  readonly field: string;
  readonly reason: string;
}

export type CheckedMessage =
  | { readonly message: Message; readonly fault: null }
  | { readonly message: null; readonly fault: MessageFault };

/**
 * Checks one Message from outside.
 *
 * @param input Anything; nothing about it is trusted.
 * @param now   Milliseconds since 1970: `createdAt` may lie at most `FUTURE_MS_MAX` after it.
 */
export function checkMessage(input: unknown, now: number): CheckedMessage {
  const parsed = Message.safeParse(input);
  if (!parsed.success) return { message: null, fault: firstFault(parsed.error) };

  const fault = timeFault(parsed.data, now) ?? metadataFault(parsed.data);
  return fault ? { message: null, fault } : { message: parsed.data, fault: null };
}

/** Completes a new Message and checks it. */
export function checkNewMessage(input: unknown, now: number): CheckedMessage {
  if (!isPlainObject(input)) return checkMessage(input, now);
  const { messageId = newMessageId(), createdAt = instantOf(now) } = input;
  const isDate = createdAt instanceof Date && !Number.isNaN(createdAt.getTime());
  const instant = isDate ? createdAt.toISOString() : createdAt;
  return checkMessage({ ...input, messageId, createdAt: instant }, now);
}

/** Bytes a Message takes in a job, about: for limits, not for counting. */
export function roughBytes(message: Message): number {
  const { content, metadata } = message ?? {}; // Asked of jobs of others, too, before any check.
  const contentLength = typeof content === 'string' ? content.length : 0;
  return FIXED_BYTES + contentLength + (metadata ? JSON.stringify(metadata).length : 0);
}

/** Ids, role, time, and the names of the fields. */
const FIXED_BYTES = 300;

function timeFault({ createdAt }: Message, now: number): MessageFault | null {
  if (createdAt < '1970')
    return { field: 'createdAt', reason: 'lies before 1970; check the clock' };
  if (Date.parse(createdAt) <= now + FUTURE_MS_MAX) return null;
  const reason = `lies more than ${FUTURE_MS_MAX / 60_000} minutes in the future; check the clock`;
  return { field: 'createdAt', reason };
}

function metadataFault({ metadata }: Message): MessageFault | null {
  if (metadata === undefined) return null;
  try {
    if (!exceedsBytes(JSON.stringify(metadata), METADATA_BYTES_MAX)) return null;
    const reason = `is longer than ${METADATA_BYTES_MAX} bytes as JSON; keep large data elsewhere`;
    return { field: 'metadata', reason };
  } catch {
    return { field: 'metadata', reason: 'cannot be written as JSON (a cycle or a BigInt?)' };
  }
}

function firstFault(error: z.ZodError): MessageFault {
  const issue = error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    const field = issue.keys[0] ?? 'message';
    return { field, reason: 'is not a field of a message; put it into metadata' };
  }
  const field = issue?.path.join('.');
  return { field: field || 'message', reason: issue?.message ?? 'must be a JSON object' };
}

/**
 * An identifier given by somebody else: kept letter for letter. Surrounding blanks are refused
 * since MySQL would compare `"a"` and `"a "` as equal, and two Companies must never be one (P7).
 */
function outsideId(lengthMax: number) {
  return z
    .string({ error: 'must be a string' })
    .min(1, { error: 'must not be empty' })
    .max(lengthMax, { error: `must have at most ${lengthMax} characters` })
    .regex(/^(?!\s)[^\p{Cc}\p{Cs}]*(?<!\s)$/u, {
      error: 'must have no blanks around it, no control characters and no half surrogate pairs',
    });
}

function canonicalInstant(text: string, context: z.core.$RefinementCtx<string>): string {
  const instant = toInstant(text);
  if (instant !== null) return instant;
  const message = 'must be an ISO 8601 date and time with offset, like 2026-01-31T12:00:00.000Z';
  context.addIssue({ code: 'custom', message, input: text });
  return z.NEVER;
}

/** What JSON calls an object: no array, and no Date or Map, which would come out as something else. */
function isPlainObject(value: unknown): value is Metadata {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
