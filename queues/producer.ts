import { PipelineError } from '../domain/errors.ts';
import {
  checkNewMessage,
  type Message,
  type MessageFault,
  type NewMessage,
  roughBytes,
} from '../domain/message.ts';
import { openBatcher } from './batcher.ts';
import { openAskingConnection } from './connection.ts';
import { openEnqueuer } from './enqueue.ts';
import { openInFlight } from './in-flight.ts';
import { queuePrefixOf } from './index.ts';
import { openJobSender } from './job-sender.ts';
import { MESSAGES_PER_JOB_MAX } from './persist.ts';

export type { Retry } from '../domain/errors.ts';
export type { Message, Metadata, NewMessage, Role } from '../domain/message.ts';

/** The chatbot's door: hands Messages over, and knows nothing of MySQL. */
export interface Producer {
  /**
   * Resolves when the Message is durable in the queue's Redis; from then on it cannot be lost (P1).
   *
   * @throws MessageError
   *   `MESSAGE_INVALID`    a field is wrong: the sentence names it, and the remedy;
   *   `QUEUE_UNREACHABLE`  Redis did not answer in time. It may have taken the Message all the same:
   *                        send it again with the error's `messageId`;
   *   `QUEUE_FULL`         more waits already than the limits allow;
   *   `PRODUCER_CLOSED`    `close` was called before.
   */
  createMessage(message: NewMessage): Promise<{ messageId: string }>;
  /** The same for many. Each gets its own receipt, in order; one refused stops no other. */
  createMessages(messages: readonly NewMessage[]): Promise<Receipt[]>;
  /** Resolves when all that was given so far is durable, or has failed. */
  flush(): Promise<void>;
  /** Flushes, then disconnects. */
  close(): Promise<void>;
}

export type Receipt =
  | { readonly isAccepted: true; readonly messageId: string }
  | { readonly isAccepted: false; readonly error: MessageError };

/** Why one Message was not accepted. */
export class MessageError extends PipelineError {
  override readonly name = 'MessageError';
  /** The id to send it again with; null if the Message itself is invalid. */
  readonly messageId: string | null;
  /** The field to blame, if it is one. */
  readonly field: string | null;

  constructor(fault: PipelineError, about: { messageId: string | null; field?: string }) {
    super(fault.code, fault.message, { retry: fault.retry, cause: fault.cause });
    this.messageId = about.messageId;
    this.field = about.field ?? null;
  }
}

export interface ProducerOptions {
  /** redis://… of the queue. */
  readonly redisUrl: string;
  /** Key prefix of the installation. Default `camadas`. */
  readonly prefix?: string;
  /** Milliseconds a Message waits for others to share its job. Default 5. */
  readonly lingerMs?: number;
  /** Messages of one job, at most. Default 100, at most 500. */
  readonly messagesPerJobMax?: number;
  /** Bytes of one job, about. Default 128 KiB, at most 512. */
  readonly bytesPerJobMax?: number;
  /** Messages on their way at once; further ones wait for room. Default 20,000. */
  readonly inFlightMessagesMax?: number;
  /** Bytes on their way at once, about. Default 64 MiB. */
  readonly inFlightBytesMax?: number;
  /** Milliseconds until a call fails when Redis does not take it. Default 5,000. */
  readonly acceptTimeoutMs?: number;
  /**
   * What a call does when Redis is away or full: `fail` after `acceptTimeoutMs`, hold on (`wait`), or
   * `refuse` at once, and from then on without a wait, until Redis answers again. Default `fail`.
   */
  readonly whenUnreachable?: 'fail' | 'wait' | 'refuse';
  /** Waiting jobs above which new Messages are refused. Default 1,000,000. */
  readonly queueJobsMax?: number;
}

const DEFAULTS = {
  prefix: 'camadas',
  lingerMs: 5,
  messagesPerJobMax: 100,
  bytesPerJobMax: 128 * 1024,
  inFlightMessagesMax: 20_000,
  inFlightBytesMax: 64 * 1024 * 1024,
  acceptTimeoutMs: 5_000,
  whenUnreachable: 'fail',
  queueJobsMax: 1_000_000,
} as const satisfies Omit<Required<ProducerOptions>, 'redisUrl'>;

/** Written out as JSON it may be several times as much, and still fits into a job. */
const BYTES_PER_JOB_MAX = 512 * 1024;

/** Opens the door. Redis need not be there yet. */
export function openProducer(given: ProducerOptions): Producer {
  const options = { ...DEFAULTS, ...given };
  const timeoutMs = options.whenUnreachable === 'wait' ? Infinity : options.acceptTimeoutMs;
  const redis = openAskingConnection(options.redisUrl);
  const enqueuer = openEnqueuer(redis, queuePrefixOf(options.prefix));
  const isPatient = options.whenUnreachable !== 'refuse';
  const sender = openJobSender(enqueuer, {
    acceptTimeoutMs: timeoutMs,
    isPatient,
    queueJobsMax: options.queueJobsMax,
  });
  const inFlight = openInFlight({
    itemsMax: options.inFlightMessagesMax,
    bytesMax: options.inFlightBytesMax,
    waitMs: isPatient ? timeoutMs : 0,
  });
  const batcher = openBatcher<Message>(
    {
      lingerMs: options.lingerMs,
      itemsMax: Math.min(options.messagesPerJobMax, MESSAGES_PER_JOB_MAX),
      bytesMax: Math.min(options.bytesPerJobMax, BYTES_PER_JOB_MAX),
    },
    sender.send,
  );
  const calls = new Set<Promise<unknown>>();
  let isClosed = false;

  async function accept(input: NewMessage): Promise<{ messageId: string }> {
    if (isClosed) throw new MessageError(producerClosed(), { messageId: input.messageId ?? null });
    const { message, fault } = checkNewMessage(input, Date.now());
    if (fault) throw new MessageError(messageInvalid(fault), { messageId: null, ...fault });

    const { messageId } = message;
    const bytes = roughBytes(message);
    const room = inFlight.enter(bytes); // At once, mostly: then nothing may come in between.
    if (room !== true && !(await room)) throw new MessageError(tooMuchInFlight(), { messageId });
    try {
      await batcher.add(message, bytes);
      return { messageId };
    } catch (error) {
      throw error instanceof PipelineError ? new MessageError(error, { messageId }) : error;
    } finally {
      inFlight.leave(bytes);
    }
  }

  function createMessage(message: NewMessage): Promise<{ messageId: string }> {
    const call = accept(message).finally(() => calls.delete(call));
    calls.add(call);
    return call;
  }

  async function flush(): Promise<void> {
    batcher.flush();
    await Promise.allSettled(calls);
  }

  return {
    createMessage,
    createMessages: (messages) => Promise.all(messages.map((one) => receipt(createMessage(one)))),
    flush,
    async close() {
      isClosed = true;
      await flush();
      await enqueuer.close();
      redis.disconnect();
    },
  };
}

async function receipt(call: Promise<{ messageId: string }>): Promise<Receipt> {
  try {
    return { isAccepted: true, ...(await call) };
  } catch (error) {
    if (error instanceof MessageError) return { isAccepted: false, error };
    throw error;
  }
}

const messageInvalid = ({ field, reason }: MessageFault) =>
  new PipelineError('MESSAGE_INVALID', `${field}: ${reason}`, { retry: 'never' });

const tooMuchInFlight = () =>
  new PipelineError(
    'QUEUE_FULL',
    'too many messages are on their way already; wait for some of them, then retry',
    { retry: { afterMs: 1_000 } },
  );

const producerClosed = () =>
  new PipelineError('PRODUCER_CLOSED', 'the producer was closed; open another one', {
    retry: 'never',
  });
