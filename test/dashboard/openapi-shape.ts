import { z } from 'zod';

/**
 * What OpenAPI 3.1 allows, as far as our document goes: each object with exactly the fields that the
 * specification gives it, so that a misspelt one is found.
 * https://spec.openapis.org/oas/v3.1.0, §4.8
 */
const JsonSchema = z.record(z.string(), z.unknown());
const Described = { description: z.string().min(1) };
const Header = z.strictObject({ ...Described, schema: JsonSchema });
const MediaType = z.strictObject({ schema: JsonSchema, example: z.unknown().optional() });
const Content = z.record(z.string().regex(/^\w+\/[\w.+-]+$/), MediaType);

const Parameter = z
  .strictObject({
    name: z.string().min(1),
    in: z.enum(['query', 'header', 'path', 'cookie']),
    description: z.string().optional(),
    required: z.boolean(),
    schema: JsonSchema,
  })
  .refine((parameter) => parameter.in !== 'path' || parameter.required, {
    error: 'a parameter of the path must be required',
  });

const Response = z.strictObject({
  ...Described,
  headers: z.record(z.string(), Header).optional(),
  content: Content.optional(),
});

const Operation = z.strictObject({
  operationId: z.string().regex(/^\w+$/),
  summary: z.string(),
  description: z.string().optional(),
  parameters: z.array(Parameter),
  requestBody: z.strictObject({ required: z.boolean(), content: Content }).optional(),
  responses: z.record(z.string().regex(/^[1-5]\d\d$/), Response),
});

const PathItem = z.partialRecord(z.enum(['get', 'put', 'post', 'delete', 'patch']), Operation);

export const OpenApiDocument = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.strictObject({
    title: z.string(),
    version: z.string(),
    description: z.string(),
    license: z.strictObject({ name: z.string(), identifier: z.string() }),
  }),
  servers: z.array(z.strictObject({ url: z.string() })),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  paths: z.record(z.string().startsWith('/'), PathItem),
  components: z.strictObject({
    securitySchemes: z.record(
      z.string(),
      z.strictObject({ type: z.literal('http'), scheme: z.string(), ...Described }),
    ),
    schemas: z.record(z.string().regex(/^[\w.-]+$/), JsonSchema),
  }),
});
export type OpenApiDocument = z.infer<typeof OpenApiDocument>;

/** Every `$ref` in it. */
export function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === '$ref' ? [String(inner)] : referencesIn(inner),
  );
}

/** Every schema that an operation states in itself. */
export function schemasIn({ paths, components }: OpenApiDocument): object[] {
  const operations = Object.values(paths).flatMap((item) => Object.values(item));
  const contents = operations.flatMap(({ requestBody, responses }) =>
    [requestBody, ...Object.values(responses)].flatMap((one) => Object.values(one?.content ?? {})),
  );
  return [
    ...Object.values(components.schemas),
    ...operations.flatMap(({ parameters }) => parameters.map(({ schema }) => schema)),
    ...contents.map(({ schema }) => schema),
  ];
}
