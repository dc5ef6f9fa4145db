import { ClientError } from './client-error.ts';

/** @throws ClientError `REQUEST_INVALID` for what would lead to another place in every URL. */
export function conversationPath(conversationId: string): string {
  const remedy = 'leave it out and choose by clientId';
  return `messages/conversations/${segmentOf('conversationId', conversationId, remedy)}`;
}

/** @throws ClientError `REQUEST_INVALID` as well. */
export function clientPath(clientId: string): string {
  return `messages/clients/${segmentOf('clientId', clientId, 'leave it out')}`;
}

function segmentOf(field: string, id: string, remedy: string): string {
  if (['', '.', '..'].includes(id) || !id.isWellFormed()) {
    const detail = `${field}: cannot be part of a URL; ${remedy}`;
    throw new ClientError('REQUEST_INVALID', detail, { field });
  }
  return encodeURIComponent(id);
}
