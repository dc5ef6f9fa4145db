import type { OpenAI } from 'openai';

export interface Turn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface Question {
  /** What the model is told, then what it is asked, then what came of that. */
  readonly turns: readonly [Turn, ...Turn[]];
  /** JSON Schema that the answer must fit. Servers keep to it, more or less. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** A Summary takes a third of it; models that think first need the rest. */
export const OUTPUT_TOKENS_MAX = 4_000;

/** The body of a request, but for the model. */
export type Dialect = (
  question: Question,
) => Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, 'model'>;

/**
 * One question in the ways that servers take it, the strictest first. Ollama ignores
 * `max_completion_tokens` without a word; OpenAI's newer models refuse `max_tokens`; some servers
 * refuse a schema, and are told it in words. Tools are in none of them.
 */
export const DIALECTS: readonly Dialect[] = [
  ({ turns, schema }) => ({
    messages: [...turns],
    max_tokens: OUTPUT_TOKENS_MAX,
    response_format: schemaFormat(schema),
  }),
  ({ turns, schema }) => ({
    messages: [...turns],
    max_completion_tokens: OUTPUT_TOKENS_MAX,
    response_format: schemaFormat(schema),
  }),
  ({ turns: [first, ...others], schema }) => ({
    messages: [{ ...first, content: `${first.content}\n\n${inWords(schema)}` }, ...others],
    max_tokens: OUTPUT_TOKENS_MAX,
    response_format: { type: 'json_object' },
  }),
];

const schemaFormat = (schema: Question['schema']) =>
  ({ type: 'json_schema', json_schema: { name: 'gist', strict: true, schema } }) as const;

const inWords = (schema: Question['schema']) => `Its JSON Schema: ${JSON.stringify(schema)}`;
