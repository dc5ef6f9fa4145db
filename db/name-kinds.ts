import type { Message } from '../domain/message.ts';

/** A Message with the numbers of what it names. */
export interface NumberedMessage {
  readonly message: Message;
  companyNo: number;
  clientNo: number;
  conversationNo: number;
}

/** One kind of name: where its numbers are kept, and what a new one is created with. */
export interface NameKind {
  readonly field: 'companyNo' | 'clientNo' | 'conversationNo';
  idOf(message: Message): string;
  /** The Company within which an id is unique; 0 for Companies themselves. */
  scopeOf(row: NumberedMessage): number;
  /** Parameters: the Company's number, the ids. Gives `id` and `no`. */
  readonly select: string;
  /** Parameter: one list of values for each new name. */
  readonly insert: string;
  valuesOf(row: NumberedMessage): unknown[];
}

export const COMPANIES: NameKind = {
  field: 'companyNo',
  idOf: (message) => message.companyId,
  scopeOf: () => 0,
  select:
    'select company_id as id, company_no as no from companies where 0 = ? and company_id in (?)',
  insert: 'insert into companies (company_id) values ?',
  valuesOf: ({ message }) => [message.companyId],
};

export const CLIENTS: NameKind = {
  field: 'clientNo',
  idOf: (message) => message.clientId,
  scopeOf: (row) => row.companyNo,
  select:
    'select client_id as id, client_no as no from clients where company_no = ? and client_id in (?)',
  insert: 'insert into clients (company_no, client_id) values ?',
  valuesOf: ({ message, companyNo }) => [companyNo, message.clientId],
};

export const CONVERSATIONS: NameKind = {
  field: 'conversationNo',
  idOf: (message) => message.conversationId,
  scopeOf: (row) => row.companyNo,
  select: `select conversation_id as id, conversation_no as no from conversations
    where company_no = ? and conversation_id in (?)`,
  insert: 'insert into conversations (company_no, conversation_id, client_no) values ?',
  valuesOf: ({ message, companyNo, clientNo }) => [companyNo, message.conversationId, clientNo],
};
