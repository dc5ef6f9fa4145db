import { z } from 'zod';
import type { Route } from '../../dashboard/route.ts';
import type { Message } from '../../domain/message.ts';
import { aMessage } from '../house.ts';
import type { Question } from './caller.ts';

/** The id that `owner`'s things have in a field, such as `clientId-padaria`. */
export const idOf = (field: string, owner: string) => `${field}-${owner}`;

/**
 * Every kind of question to a route about ids of `owner`: its path alone, and with each parameter of
 * its query that names something; small pages too, which no cache holds.
 */
export function pathsOf(route: Route, owner: string): string[] {
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, field: string) => idOf(field, owner));
  const fields = queryFieldsOf(route);
  const named = fields.filter((field) => field.endsWith('Id') && field !== 'companyId');
  const queries = ['', ...named.map((field) => `${field}=${idOf(field, owner)}`)];
  const small = fields.includes('limit') ? queries.map((query) => `limit=1&${query}`) : [];
  return [...queries, ...small].map((query) => `${path}?${query}`);
}

/** The same question, said to be of a Company. */
export const ofCompany = (path: string, companyId: string) => `${path}&companyId=${companyId}`;

/** What goes with a path: the method, and a body about ids of `owner` if the route wants one. */
export function questionOf(route: Route, owner: string): Question {
  const method = route.method.toUpperCase();
  if (!route.body) return { method };
  const example = Object.entries(route.body.example as object).map(([field, value]) => {
    return [field, field.endsWith('Id') ? idOf(field, owner) : (value as unknown)];
  });
  const body = JSON.stringify(Object.fromEntries(example));
  return { method, body, headers: { 'content-type': 'application/json' } };
}

/** Messages with ids of their Company alone, and with ids that others have, too. */
export function messagesOf(companyId: string): Message[] {
  return [companyId, 'shared'].flatMap((owner) =>
    ['1', '2', '3'].map((nth) =>
      aMessage({
        companyId,
        conversationId: idOf('conversationId', owner),
        clientId: idOf('clientId', owner),
        messageId: `${idOf('messageId', owner)}-${nth}`,
        content: `said to ${companyId}, ${nth}`,
        metadata: { of: companyId },
        createdAt: `2026-03-01T12:00:0${nth}.000Z`,
      }),
    ),
  );
}

function queryFieldsOf(route: Route): string[] {
  const { properties = {} } = z.toJSONSchema(route.query, { io: 'input', unrepresentable: 'any' });
  return Object.keys(properties);
}
