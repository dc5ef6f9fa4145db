import type { ArchiveBatch } from '../domain/archive.ts';
import type { PatternsWanted } from '../domain/patterns/request.ts';
import type { CountSpan } from '../domain/usage.ts';
import type { Enqueuer } from './enqueue.ts';
import type { SummarizeOne } from './summarize.ts';

interface ConversationName {
  readonly companyId: string;
  readonly conversationId: string;
}

/** What is asked for now and done by a job; each resolves when its job is durable in the queue. */
export function openLater({ enqueue }: Pick<Enqueuer, 'enqueue'>) {
  return {
    async warmConversation({ companyId, conversationId }: ConversationName): Promise<void> {
      await enqueue('cache-warm', { companyId, conversationId });
    },
    async warmCompany(companyId: string): Promise<void> {
      await enqueue('cache-warm', { companyId });
    },
    async archiveLater(batch: ArchiveBatch): Promise<void> {
      await enqueue('archive-batch', batch);
    },
    async recountLater(wanted: { companyId: string; span: CountSpan }): Promise<void> {
      await enqueue('aggregate', { companyId: wanted.companyId, ...wanted.span });
    },
    async findPatternsLater({ companyId, days, timeZone }: PatternsWanted): Promise<void> {
      await enqueue('aggregate', { companyId, days, timeZone });
    },
    async summarizeLater(conversation: ConversationName, delayMs: number): Promise<void> {
      await enqueue('summarize', { ...conversation, isNightly: true }, { delayMs });
    },
    async askForSummary(wanted: SummarizeOne): Promise<void> {
      await enqueue('summarize', wanted);
    },
  };
}
