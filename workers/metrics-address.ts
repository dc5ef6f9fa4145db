import { hostname } from 'node:os';

const EVERYWHERE = ['0.0.0.0', '::'];
const LOOPBACK = /^(127\.|::1$|localhost$)/;

/** How others reach what listens on `host`: an address that means all of them has no name of its own. */
export function reachableHost(host: string): string {
  if (LOOPBACK.test(host)) return '127.0.0.1';
  return EVERYWHERE.includes(host) ? hostname() : host;
}
