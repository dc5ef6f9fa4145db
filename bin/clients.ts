import { type Client, openClient } from '../client/http.ts';
import { keptKey } from './doors.ts';
import type { Installation } from './installation.ts';

/** A client over HTTP for each Company, with a key of its own. */
export type Clients = (companyId: string) => Promise<Client>;

export function openClients(installation: Installation, url: string): Clients {
  const opened = new Map<string, Promise<Client>>();

  async function open(companyId: string): Promise<Client> {
    return openClient({ url, key: await keptKey(installation, companyId) });
  }

  return (companyId) => {
    let client = opened.get(companyId);
    if (!client) opened.set(companyId, (client = open(companyId)));
    return client;
  };
}
