/**
 * Tokens of a text, about: no two models count alike. Three bytes a token is more than English or
 * Portuguese take, about right for other scripts, and too few for digits and noise.
 */
export const estimateTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / 3);
