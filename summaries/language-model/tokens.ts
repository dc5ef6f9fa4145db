import type { Turn } from './dialects.ts';

/**
 * Tokens of a text, about: no two models count alike. Three bytes a token is more than English or
 * Portuguese take, about right for other scripts, and too few for digits and noise.
 */
export const estimateTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / 3);

/** Of a whole question. */
export const tokensOf = (turns: readonly Turn[]): number =>
  estimateTokens(turns.map(({ content }) => content).join(''));
