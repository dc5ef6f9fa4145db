import { z } from 'zod';
import { CONTENT_BYTES_MAX, METADATA_BYTES_MAX } from '../domain/message.ts';
import type { QueueContract } from './define-queue.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/**
 * No control characters, no blanks around it: what `outsideId` asks for, in what regular expressions
 * of all languages have in common. Theirs know no `\p{…}` or no `(?<!…)`.
 */
const ID = {
  pattern: String.raw`^[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$`,
};

/** What a field means is told by its name, in every queue; what zod cannot tell of it is told here. */
const FIELDS: Readonly<Record<string, JsonSchema>> = {
  companyId: ID,
  clientId: ID,
  conversationId: ID,
  messageId: {
    ...ID,
    description: 'A UUID of version 7, or an id of yours. A message is stored once, by this.',
  },
  content: {
    maxLength: CONTENT_BYTES_MAX,
    description: `At most ${CONTENT_BYTES_MAX} bytes in UTF-8.`,
  },
  createdAt: {
    format: 'date-time',
    description: 'With an offset, since 1970, at most an hour ahead. Kept to milliseconds, in UTC.',
  },
  metadata: {
    type: 'object',
    additionalProperties: true,
    description: `Any JSON object of at most ${METADATA_BYTES_MAX} bytes.`,
  },
};

/** What a writer in any language may put into a queue: JSON Schema, draft 2020-12. */
export function payloadSchemaOf(contract: QueueContract): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(contract.document ?? contract.payload, {
    io: 'input',
    unrepresentable: 'any', // Such a field must be in FIELDS; a test looks.
    override: ({ jsonSchema, path }) => Object.assign(jsonSchema, FIELDS[String(path.at(-1))]),
  });
  const { name: title, summary: description, example } = contract;
  // A choice of shapes says it of each; of the whole it is true, too.
  const type = 'object';
  return { $schema, title, description, type, ...schema, examples: [example] } as JsonSchema;
}
