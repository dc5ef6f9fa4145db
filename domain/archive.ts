import type { Instant } from './instant.ts';

export const TIERS = ['hot', 'warm', 'cold'] as const;
export type Tier = (typeof TIERS)[number];

/** One Company's Messages that are to leave a tier, or, in the coldest, to be put together. */
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
      /** A later one of the same month, when all days up to it are to leave together. */
      readonly lastDay?: string | undefined;
    }
  | {
      readonly companyId: string;
      readonly tier: 'cold';
      /** `YYYY-MM`, whose small Segments become one. */
      readonly month: string;
    };
