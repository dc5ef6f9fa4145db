import type { Message } from '../../domain/message.ts';
import { shorten } from '../../domain/text.ts';
import { CONTENT_LENGTH_MAX } from '../summarizer.ts';
import { estimateTokens } from './tokens.ts';

/** What a model reads at once. Small enough for those that run on one's own machine. */
export const PIECE_TOKENS_MAX = 8_000;
const ROW_TOKENS = 12;

/** Cuts a Conversation into pieces that a model can read, each of one Message at least. */
export function piecesOf(messages: readonly Message[]): Message[][] {
  const pieces: Message[][] = [];
  let tokens = Infinity;
  for (const message of messages) {
    const more = ROW_TOKENS + estimateTokens(quote(message.content));
    if (tokens + more > PIECE_TOKENS_MAX) {
      pieces.push([]);
      tokens = 0;
    }
    pieces.at(-1)?.push(message);
    tokens += more;
  }
  return pieces;
}

/**
 * A text as JSON. Brackets are escaped, too: `<|im_end|>` or `[INST]` in a Message would else be
 * read by some servers as the end of what the model was given to read.
 */
export function quote(text: string): string {
  return JSON.stringify(shorten(text, CONTENT_LENGTH_MAX)).replaceAll(/[<>[\]]/g, escaped);
}

const escaped = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
