/** A program of somebody else that uses the package: the files of its folder. */
export function chatbotFiles(readme: string, typeRoots: string): Record<string, string> {
  const [producer = '', http = ''] = [...readme.matchAll(/```js\n(.*?)```/gs)].map(
    ([, code]) => code,
  );
  const prefixed = producer.replace(
    'QUEUE_REDIS_URL }',
    'QUEUE_REDIS_URL, prefix: process.env.KEY_PREFIX }',
  );
  return {
    'package.json': JSON.stringify({ name: 'chatbot', private: true, type: 'module' }),
    'tsconfig.json': JSON.stringify(tsconfig(typeRoots)),
    // The very lines that people copy.
    'producer.js': prefixed,
    'http.js': `${http}\nconsole.log(messages[0].content);\n`,
    'required.cjs': REQUIRED,
    'chatbot.ts': CHATBOT,
    'mistaken.ts': MISTAKEN,
    'loaded.mjs': LOADED,
  };
}

const tsconfig = (typeRoots: string) => ({
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    types: ['node'],
    typeRoots: [typeRoots],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    skipLibCheck: false,
    noEmit: true,
  },
  files: ['chatbot.ts', 'mistaken.ts'],
});

const REQUIRED = `
const { openProducer, MessageError } = require('camadas');
const { openClient, ClientError } = require('camadas/http');
console.log([openProducer, MessageError, openClient, ClientError].map((one) => one.name).join());
`;

const CHATBOT = `
import { MessageError, openProducer } from 'camadas';
import type { Message, Metadata, NewMessage, Producer, ProducerOptions, Receipt, Role } from 'camadas';
import { ClientError, openClient } from 'camadas/http';
import type { CallOptions, Client, ClientOptions, Conversation, ConversationPage, ConversationQuery } from 'camadas/http';
import type { Cursor, OutgoingMessage, Page, PageQuery, Receipt as HttpReceipt } from 'camadas/http';

const { QUEUE_REDIS_URL = '', KEY_PREFIX = '', CAMADAS_URL = '', CAMADAS_KEY = '' } = process.env;
const role: Role = 'user';
const metadata: Metadata = { channel: 'whatsapp' };
const message: NewMessage = {
  companyId: 'typed', clientId: 'ana', conversationId: 'c', role, content: 'oi', metadata, createdAt: new Date(),
};

const options: ProducerOptions = { redisUrl: QUEUE_REDIS_URL, prefix: KEY_PREFIX, lingerMs: 1 };
const producer: Producer = openProducer(options);
const receipts: Receipt[] = await producer.createMessages([message, { ...message, role: 'bot' }]);
const ids: (string | null)[] = receipts.map((one) => (one.isAccepted ? one.messageId : one.error.messageId));
const fault: unknown = await producer.createMessage({ ...message, content: '\\ud83d' }).catch((error: unknown) => error);
if (!(fault instanceof MessageError)) throw new Error('no MessageError');
const why: [string, string | null, object | string] = [fault.code, fault.field, fault.retry];
await producer.close();

const clientOptions: ClientOptions = { url: CAMADAS_URL, key: CAMADAS_KEY, attemptsMax: 1 };
const client: Client = openClient(clientOptions);
const outgoing: OutgoingMessage = { clientId: 'ana', conversationId: 'c', role, content: 'oi' };
const call: CallOptions = { signal: AbortSignal.timeout(10_000) };
const sent: HttpReceipt[] = await client.createMessages([outgoing, message], call);
const codes: string[] = sent.map((one) => (one.isAccepted ? 'taken' : one.error.code));
const query: PageQuery = { clientId: 'ana', from: new Date(0), limit: 1 };

/** Only for the compiler. */
export async function read(): Promise<Message[]> {
  const found: Message[] = [];
  for await (const one of client.eachMessage(query)) found.push(one);
  const page: Page = await client.findMessages(query);
  const before: Cursor | null = page.before;
  const listing: ConversationQuery = before === null ? {} : { active: true, before };
  const conversations: ConversationPage = await client.getConversations(listing);
  const [first]: readonly (Conversation | undefined)[] = conversations.conversations;
  const fault: unknown = first?.lastMessageAt;
  if (fault instanceof ClientError && fault.retryAfterMs !== null) found.length = fault.retryAfterMs;
  return found;
}

console.log(JSON.stringify({ ids, why, codes }));
`;

const MISTAKEN = `
import { openProducer } from 'camadas';

const producer = openProducer({ redisUrl: 'redis://queue.example' });
await producer.createMessage({ companyId: 'a', clientId: 'b', conversationId: 'c', role: 'customer', content: '' });
`;

/** Loaded before the program: says at its end what was loaded with it. */
const LOADED = `
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const urls = [];
registerHooks({
  load(url, context, nextLoad) {
    urls.push(url);
    return nextLoad(url, context);
  },
});
process.on('exit', () => writeFileSync(process.env.LOADED_FILE, JSON.stringify(urls)));
`;
