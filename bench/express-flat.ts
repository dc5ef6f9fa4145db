import express, { type Request } from 'express';
import { createPool, type RowDataPacket } from 'mysql2/promise';

/**
 * The yardstick for a page out of MySQL: Express in front of the flat table, as one writes it with an
 * ORM: whole rows, newest first, the page's number as an offset. The driver and the number of
 * connections are those of the house. Arguments: port, MySQL URL, connections at most.
 */
const [port = '', uri = '', connectionsMax = ''] = process.argv.slice(2);
const pool = createPool({ uri, connectionLimit: Number(connectionsMax), timezone: 'Z' });
const app = express();
app.disable('x-powered-by');
app.disable('etag');

const PAGE_LENGTH = 50;

const OF_CONVERSATION = `select * from flat_messages where company_id = ? and conversation_id = ?
  order by created_at desc limit ? offset ?`;
const OF_COMPANY =
  'select * from flat_messages where company_id = ? order by created_at desc limit ? offset ?';

app.get('/companies/:company/conversations/:conversation/messages', (request, response, next) => {
  const { company, conversation } = request.params;
  const values = [company, conversation, PAGE_LENGTH, offsetOf(request)];
  find(OF_CONVERSATION, values).then((messages) => response.json({ messages }), next);
});
app.get('/companies/:company/messages', (request, response, next) => {
  const values = [request.params.company, PAGE_LENGTH, offsetOf(request)];
  find(OF_COMPANY, values).then((messages) => response.json({ messages }), next);
});
app.listen(Number(port), '127.0.0.1', () => process.send?.('ready'));
for (const event of ['disconnect', 'SIGTERM']) process.once(event, () => process.exit());

async function find(statement: string, values: unknown[]): Promise<RowDataPacket[]> {
  const [rows] = await pool.query<RowDataPacket[]>(statement, values);
  return rows;
}

/** Pages are counted from 0. */
function offsetOf({ query }: Request): number {
  return PAGE_LENGTH * Number(query['page'] ?? 0);
}
