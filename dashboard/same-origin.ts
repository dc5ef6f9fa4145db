import type { RequestHandler } from 'express';
import { RequestFault } from './problem.ts';

/**
 * Refuses changes that another site made the browser ask for. Browsers say where a request comes from
 * (`Sec-Fetch-Site`, over TLS and on this machine; else `Origin`), and no page can change that.
 * Whoever says nothing is no browser of an administrator.
 */
export const sameOriginOnly: RequestHandler = (request, _response, next) => {
  if (request.method === 'GET' || request.method === 'HEAD') return next();
  const site = request.headers['sec-fetch-site'];
  const own = originOf(`${request.protocol}://${request.host}`);
  const { origin } = request.headers;
  const isOwn =
    site === undefined ? origin !== undefined && origin === own : site === 'same-origin';
  if (!isOwn) throw foreignOrigin();
  next();
};

/** Without the port where it is the usual one, as browsers write it. */
function originOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).origin : null;
}

const foreignOrigin = () =>
  new RequestFault(
    'FORBIDDEN',
    'origin: changes must come from the pages of this server; behind a proxy, pass Host on and set TRUSTED_PROXIES',
  );
