import { once } from 'node:events';
import { connect } from 'node:net';

/** A connection on which every byte is ours: for requests that no HTTP client would send. */
export async function openRawConnection(url: string) {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  let received = '';
  const closed = once(socket, 'close').then(() => performance.now());
  socket.on('error', () => {}); // A reset is an end like any other.
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));

  return {
    send: (text: string | Buffer) => void socket.write(text),
    /** All that came so far. */
    received: () => received,
    /** When the other side ended it, by `performance.now()`. */
    closed,
    close: () => socket.destroy(),
  };
}

/** The lines before the body, with `more` among them. */
export function headOf(method: string, path: string, more: Record<string, string> = {}): string {
  const fields = Object.entries({ host: 'localhost', ...more });
  return [`${method} ${path} HTTP/1.1`, ...fields.map((pair) => pair.join(': ')), '', ''].join(
    '\r\n',
  );
}
