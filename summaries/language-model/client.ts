import type { OpenAI } from 'openai';
import { z } from 'zod';
import { DIALECTS, type Question } from './dialects.ts';
import { answerTooLarge, givenUp, notTheProtocol, timedOut } from './faults.ts';
import { faultOf, isRefusedForm } from './read-fault.ts';
import { estimateTokens, tokensOf } from './tokens.ts';

export interface ClientOptions {
  /** Of a server that speaks OpenAI's protocol, up to where `/chat/completions` goes on. */
  readonly baseUrl: string;
  readonly model: string;
  /** Null: the server asks for none. */
  readonly apiKey: string | null;
  /** Of one request, from the first byte out to the last one in. */
  readonly timeoutMs: number;
}

export interface Completion {
  readonly text: string;
  /** It reached `OUTPUT_TOKENS_MAX`. */
  readonly isCutOff: boolean;
  readonly tokens: { readonly input: number; readonly output: number };
}

export interface Client {
  /** @throws PipelineError Which tells nothing of the question, the answer or the key. */
  complete(question: Question, signal: AbortSignal): Promise<Completion>;
}

const ANSWER_BYTES_MAX = 1024 * 1024;

/** One endpoint and one model. Requests are never repeated here: that is the Fleet's to decide. */
export function openClient(options: ClientOptions): Client {
  let dialects = DIALECTS;
  let opening: Promise<OpenAI> | undefined;

  /** Finds out which dialect the server takes, and keeps to it. A refusal costs no tokens. */
  async function ask(question: Question, signal: AbortSignal): Promise<unknown> {
    const client = await (opening ??= open(options));
    let refusal: unknown;
    for (const dialect of dialects) {
      try {
        const body = { model: options.model, ...dialect(question) };
        const answer = await client.chat.completions.create(body, { signal });
        dialects = [dialect];
        return answer;
      } catch (error) {
        if (!isRefusedForm(error)) throw error;
        refusal ??= error;
      }
    }
    throw refusal;
  }

  return {
    async complete(question, signal) {
      // The library's own timeout ends with the headers of the answer.
      const late = AbortSignal.timeout(options.timeoutMs);
      try {
        return readCompletion(await ask(question, AbortSignal.any([signal, late])), question);
      } catch (error) {
        if (signal.aborted) throw givenUp();
        throw late.aborted ? timedOut(options.timeoutMs) : faultOf(error);
      }
    },
  };
}

/** The library is loaded when it is first needed: 14 MB that only those pay who use it. */
async function open({ baseUrl, apiKey, timeoutMs }: ClientOptions): Promise<OpenAI> {
  const { OpenAI } = await import('openai');
  return new OpenAI({
    baseURL: baseUrl,
    apiKey: apiKey ?? 'none', // It insists on one, and is told not to send it.
    ...(apiKey === null && { defaultHeaders: { Authorization: null } }),
    // Or it would take these from the environment.
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    maxRetries: 0,
    timeout: timeoutMs,
    logLevel: 'off',
    fetch: fetchBounded,
    fetchOptions: { redirect: 'manual' }, // Messages go where LLM_BASE_URL says, and nowhere else.
  });
}

/** `fetch`, but no answer fills the memory. */
async function fetchBounded(...request: Parameters<typeof fetch>): Promise<Response> {
  const response = await fetch(...request);
  if (!response.body) return response;
  let bytes = 0;
  const bounded = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.length;
      if (bytes <= ANSWER_BYTES_MAX) controller.enqueue(chunk);
      else controller.error(answerTooLarge(ANSWER_BYTES_MAX));
    },
  });
  return new Response(response.body.pipeThrough(bounded), response);
}

const Choice = z.object({
  message: z.object({ content: z.string().nullish() }),
  finish_reason: z.string().nullish(),
});
const Tokens = z.int().min(0);
const Usage = z.object({ prompt_tokens: Tokens, completion_tokens: Tokens });
const Answer = z.object({
  choices: z.tuple([Choice], z.unknown()),
  usage: Usage.nullish().catch(null),
});

function readCompletion(answer: unknown, { turns }: Question): Completion {
  const parsed = Answer.safeParse(answer);
  if (!parsed.success) throw notTheProtocol();
  const [choice] = parsed.data.choices;
  const { usage } = parsed.data;
  const text = choice.message.content ?? '';
  return {
    text,
    isCutOff: choice.finish_reason === 'length',
    // What a server does not count, or counts as nothing, is counted here, or no budget would hold.
    tokens: {
      input: usage?.prompt_tokens || tokensOf(turns),
      output: usage?.completion_tokens || estimateTokens(text),
    },
  };
}
