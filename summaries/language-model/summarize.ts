import { PipelineError } from '../../domain/errors.ts';
import type { Gist } from '../../domain/summary.ts';
import { isTooSlow, type Spent, SummaryFailed } from '../../domain/spent.ts';
import type { Summarizer, SummaryWork } from '../summarizer.ts';
import { answerSchema, type Context, readAnswer } from './answer.ts';
import { type Client, type ClientOptions, openClient } from './client.ts';
import { OUTPUT_TOKENS_MAX, type Question } from './dialects.ts';
import { malformed } from './faults.ts';
import { PIECE_TOKENS_MAX, piecesOf } from './pieces.ts';
import { PROMPT_VERSION, promptOf, type Reading, repairOf } from './prompt.ts';
import { tokensOf } from './tokens.ts';

/** The language model that is configured. */
export interface LanguageModel extends ClientOptions {
  /** Of one Summary, about: what a request will take is only known afterwards. */
  readonly tokensPerJobMax: number;
  /** Of a million tokens, in the currency that costs are told in. */
  readonly priceInput: number;
  readonly priceOutput: number;
}

/** What one request takes at most: a piece, what surrounds it, and the answer. */
const CALL_TOKENS_MAX = PIECE_TOKENS_MAX + 2_000 + OUTPUT_TOKENS_MAX;

/**
 * Has a language model summarize. It is given Messages as data, has no tools, and can only fill in
 * the fields of a Gist.
 */
export function openLanguageModel(options: LanguageModel): Summarizer {
  const client = openClient(options);
  return {
    model: options.model,
    promptVersion: PROMPT_VERSION,
    isRolling: true,
    async summarize(work, signal) {
      const account = openAccount(options);
      try {
        const gist = await roll(work, { client, account, signal });
        return { gist, ...account.spent() };
      } catch (error) {
        const isCharged = account.spent().tokens.input > 0;
        if (!(error instanceof PipelineError && isCharged)) throw error;
        throw new SummaryFailed(error, account.spent());
      }
    },
  };
}

interface Tools {
  readonly client: Client;
  readonly account: Account;
  readonly signal: AbortSignal;
}

/**
 * Piece by piece, each with what was said of those before. If the tokens of the job do not suffice,
 * the beginning and the end are read, and what lies between is left out.
 */
async function roll({ messages, previous }: SummaryWork, tools: Tools): Promise<Gist> {
  const pieces = piecesOf(messages);
  let gist = previous;
  for (let next = 0; next < pieces.length;) {
    const affordable = Math.max(1, tools.account.callsLeft());
    const isBeginning = next === 0 && affordable > 1;
    const at = isBeginning ? 0 : Math.max(next, pieces.length - affordable);
    const omitted = pieces.slice(next, at).flat().length;
    next = at + 1;
    const callsKept = next < pieces.length ? 1 : 0; // For the end.
    const reading = { messages: pieces[at] ?? [], previous: gist, omitted };
    gist = await read(reading, { ...tools, callsKept });
  }
  if (gist === null) throw new Error('a Summary needs at least one Message');
  return gist;
}

/** One piece; if the answer does not fit, the model is told why, once. */
async function read(reading: Reading, tools: Tools & { callsKept: number }): Promise<Gist> {
  const { turns, messageIds } = promptOf(reading);
  const context = { messageIds, previous: reading.previous };

  const first = await ask(turns, context, tools);
  if (first.gist) return first.gist;
  if (tools.account.callsLeft() <= tools.callsKept) throw malformed(first.fault);

  const second = await ask([...turns, ...repairOf(first.text, first.fault)], context, tools);
  if (second.gist) return second.gist;
  throw malformed(second.fault);
}

async function ask(turns: Question['turns'], context: Context, { client, account, signal }: Tools) {
  try {
    const answer = await client.complete({ turns, schema: answerSchema }, signal);
    account.charge(answer.tokens);
    return { ...readAnswer(answer, context), text: answer.text };
  } catch (error) {
    // What was read is paid for, though nobody waited for the answer.
    if (isTooSlow(error)) account.charge({ input: tokensOf(turns), output: 0 });
    throw error;
  }
}

interface Account {
  charge(tokens: Spent['tokens']): void;
  spent(): Spent;
  /** How many more requests the job may surely make. */
  callsLeft(): number;
}

function openAccount({ tokensPerJobMax, priceInput, priceOutput }: LanguageModel): Account {
  let [input, output] = [0, 0];
  return {
    charge(tokens) {
      input += tokens.input;
      output += tokens.output;
    },
    spent: () => ({
      tokens: { input, output },
      // A price is of a million tokens, and a cost in millionths.
      costMicros: Math.round(input * priceInput + output * priceOutput),
    }),
    callsLeft: () => Math.floor((tokensPerJobMax - input - output) / CALL_TOKENS_MAX),
  };
}
