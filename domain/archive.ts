import type { Instant } from './instant.ts';

/** The tier that Messages leave. */
export const TIERS_LEFT = ['hot', 'warm'] as const;
export type TierLeft = (typeof TIERS_LEFT)[number];

/** One Company's Messages that are to leave a tier. */
export type ArchiveBatch =
  | {
      readonly companyId: string;
      readonly tier: 'hot';
      /** All older than this moment. */
      readonly before: Instant;
    }
  | {
      readonly companyId: string;
      readonly tier: 'warm';
      /** UTC day, `YYYY-MM-DD`. */
      readonly day: string;
    };
