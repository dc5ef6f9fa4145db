import { z } from 'zod';
import { CODES_BY_STATUS } from './problem.ts';
import type { Route } from './route.ts';
import { ProblemShape } from './shapes.ts';

type Json = Record<string, unknown>;

/**
 * The OpenAPI 3.1 document, made from the very schemas that check requests.
 *
 * @param routes What is served.
 */
export function openApiDocument(routes: readonly Route[]): Json {
  const schemas = openSchemas();
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    (paths[route.path] ??= {})[route.method] = operationOf(route, schemas.refer);
  }
  schemas.refer(ProblemShape);
  return {
    openapi: '3.1.0',
    info: {
      title: 'camadas',
      version: '1',
      description:
        'Keeps every message of a chatbot. Errors are problem details (RFC 9457) with a `code`; after a 503 or 429, ask again after the seconds of `Retry-After`. Messages are stored once, however often they are sent with the same `messageId`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ apiKey: [] }],
    paths,
    components: {
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key of one company: `cam_…`. `./scripts.sh keys create` makes one.',
        },
      },
      schemas: schemas.all,
    },
  };
}

type Refer = (schema: z.ZodType) => Json;

function operationOf(route: Route, refer: Refer): Json {
  const { name, summary, description, scope, body } = route;
  return {
    operationId: name,
    summary,
    description: [description, `Needs a key with the scope \`${scope}\`.`]
      .filter(Boolean)
      .join('\n\n'),
    parameters: [
      ...parametersOf(route.params, { in: 'path', refer }),
      ...parametersOf(route.query, { in: 'query', refer }),
    ],
    ...(body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: refer(body.schema), example: body.example } },
      },
    }),
    responses: { ...answersOf(route, refer), ...problemsOf(route, refer) },
  };
}

function parametersOf(
  schema: z.ZodType | undefined,
  { in: place, refer }: { in: 'path' | 'query'; refer: Refer },
): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = refer(schema) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...own }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema: own,
  }));
}

const REQUEST_ID = { description: 'Names this request in logs.', schema: { type: 'string' } };
const RETRY_AFTER = { description: 'Seconds.', schema: { type: 'integer' } };
const ETAG = {
  description: 'Send it back as If-None-Match: 304 if nothing has changed.',
  schema: { type: 'string' },
};

function answersOf({ answers, method }: Route, refer: Refer): Json {
  const described = Object.entries(answers).map(([status, answer]) => {
    const { description, schema, hasRetryAfter = false } = answer;
    const headers = {
      'x-request-id': REQUEST_ID,
      ...(method === 'get' && Number(status) === 200 && { etag: ETAG }),
      ...(hasRetryAfter && { 'retry-after': RETRY_AFTER }),
    };
    const content = schema && { 'application/json': { schema: refer(schema) } };
    return [status, { description, headers, ...(content && { content }) }];
  });
  const unchanged = method === 'get' ? { 304: { description: 'Still what you have.' } } : {};
  return { ...Object.fromEntries(described), ...unchanged };
}

/** A status that only a route with a body can answer with. */
const BODY_STATUSES = [413, 415, 422];
/** Not of any route: of paths under another method. */
const NOT_OF_ROUTES = [405];

function problemsOf(route: Route, refer: Refer): Json {
  const schema = refer(ProblemShape);
  const own = [...CODES_BY_STATUS].filter(
    ([status]) =>
      !NOT_OF_ROUTES.includes(status) && (route.body || !BODY_STATUSES.includes(status)),
  );
  const described = own.map(([status, codes]) => {
    const isPassing = status === 429 || status === 503;
    const headers = {
      'x-request-id': REQUEST_ID,
      ...(isPassing && { 'retry-after': RETRY_AFTER }),
    };
    const description = `Problem with the code ${codes.join(', ')}.`;
    return [status, { description, headers, content: { 'application/problem+json': { schema } } }];
  });
  return Object.fromEntries(described) as Json;
}

/** Schemas with an id stand once, under `components`, and are referred to. */
function openSchemas() {
  const all: Record<string, Json> = {};

  function refer(schema: z.ZodType): Json {
    const made = z.toJSONSchema(schema, {
      io: 'input',
      unrepresentable: 'any',
      override: spellOut,
    });
    const { $schema, $defs = {}, ...own } = moved(made) as Json & { $defs?: Record<string, Json> };
    void $schema; // OpenAPI 3.1 has one for the whole document.
    for (const [id, definition] of Object.entries($defs)) all[id] = withoutId(definition);
    const { id } = own;
    if (typeof id !== 'string') return own;
    all[id] = withoutId(own);
    return { $ref: `#/components/schemas/${id}` };
  }

  return { all, refer };
}

/** What zod cannot say by itself: `metadata` is checked by a function of ours. */
function spellOut({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodType; jsonSchema: Json }) {
  if (zodSchema instanceof z.ZodCustom) jsonSchema['type'] = 'object';
}

function moved(schema: unknown): Json {
  const text = JSON.stringify(schema).replaceAll('#/$defs/', '#/components/schemas/');
  return JSON.parse(text) as Json;
}

function withoutId(schema: Json): Json {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== 'id'));
}
