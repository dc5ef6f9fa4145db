import type { Role } from '../../domain/message.ts';

export const REQUIRED_FIELDS = [
  'companyId',
  'clientId',
  'conversationId',
  'role',
  'content',
  'createdAt',
] as const;
export const FIELDS = [...REQUIRED_FIELDS, 'messageId', 'metadata'] as const;
export type Field = (typeof FIELDS)[number];

/**
 * What columns are usually called, best guess first; compared without case, blanks, `_`, `-` and `.`.
 * A column called as a field is always that field.
 */
const USUAL_NAMES: Record<Field, readonly string[]> = {
  companyId: words(
    'company tenantid tenant organizationid organisationid orgid org workspaceid accountid account businessid botid',
  ),
  clientId: words(
    'client customerid customer contactid contact clientphone customerphone phone phonenumber userid user visitorid leadid waid from',
  ),
  conversationId: words(
    'conversation chatid chat sessionid session threadid thread dialogid dialogueid ticketid roomid channelid',
  ),
  role: words(
    'authorrole senderrole sendertype sender authortype author direction speaker type fromtype',
  ),
  content: words('text body message messagetext messagebody msg contenttext payload'),
  createdAt: words(
    'created sentat timestamp createdon createdtime createddate datetime date time inserted insertedat ts createtime',
  ),
  messageId: words('messageuuid msgid uuid guid externalid wamid sid id'),
  metadata: words('meta extra extras attributes additionalkwargs properties data'),
};

/** What those who speak are usually called. */
export const USUAL_ROLES: Readonly<Record<string, Role>> = {
  ...rolesOf(
    'user',
    'user human customer client contact visitor enduser lead in incoming inbound received',
  ),
  ...rolesOf('bot', 'bot assistant ai model chatbot botmessage robot out outgoing outbound sent'),
  ...rolesOf('agent', 'agent operator attendant staff support humanagent employee admin'),
  ...rolesOf('system', 'system developer tool function event'),
};

/** The column of each field, as far as its name tells; no column stands for two. */
export function guessColumns(columns: readonly string[]): Partial<Record<Field, string>> {
  const free = new Map(columns.map((column) => [plainName(column), column]));
  const guessed: Partial<Record<Field, string>> = {};
  const take = (field: Field, names: readonly string[]) => {
    const name = names.find((one) => free.has(one));
    if (name === undefined || guessed[field] !== undefined) return;
    guessed[field] = free.get(name) ?? '';
    free.delete(name);
  };
  for (const field of FIELDS) take(field, [plainName(field)]);
  for (const field of FIELDS) take(field, USUAL_NAMES[field]);
  return guessed;
}

export function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_.-]/g, '');
}

function words(text: string): string[] {
  return text.split(' ');
}

function rolesOf(role: Role, names: string): Record<string, Role> {
  return Object.fromEntries(words(names).map((name) => [name, role]));
}
