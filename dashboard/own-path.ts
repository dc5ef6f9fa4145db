const NOWHERE = 'http://nowhere.invalid';

/**
 * Where to go after the login: only to a page of ours, whatever the link said.
 *
 * @returns The path if browsers would stay on this server, else the start page.
 */
export function ownPath(wanted: unknown): string {
  if (typeof wanted !== 'string' || !wanted.startsWith('/')) return '/';
  if (!URL.canParse(wanted, NOWHERE)) return '/';
  const { origin, pathname, search } = new URL(wanted, NOWHERE);
  // `/.//example.com` is a path of ours until its dot is resolved.
  if (origin !== NOWHERE || pathname.startsWith('//')) return '/';
  return `${pathname}${search}`;
}
