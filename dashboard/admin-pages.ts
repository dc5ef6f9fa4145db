import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Router } from 'express';

/** The pages that are ours: plain HTML, which works without a script. */

/** The start page tells nothing that is not public: only where things are. */
export function startPage(isLoggedIn: boolean): string {
  const links = LINKS.map(
    ({ path, name, sentence }) =>
      `<li><a href="${path}"><strong>${name}</strong><span>${sentence}</span></a></li>`,
  );
  const logout =
    '<form method="post" action="/logout"><button class="quiet">Log out</button></form>';
  return page('camadas', [
    '<p class="lead">Keeps every message of a chatbot.</p>',
    `<nav aria-label="Pages"><ul>${links.join('')}</ul></nav>`,
    isLoggedIn ? logout : '',
  ]);
}

const LINKS = [
  {
    path: '/docs',
    name: 'HTTP API',
    sentence: 'All calls, to read and to try out. Needs an API key.',
  },
  {
    path: '/queues',
    name: 'Queues',
    sentence: 'Jobs that wait, run or are dead, in Bull Board. For administrators.',
  },
  { path: '/readyz', name: 'Health', sentence: 'Whether MySQL and both Redis servers answer.' },
];

/** @param fault Why the last try failed, in a sentence; null at the first one. */
export function loginPage(form: { next: string; fault: string | null }): string {
  const { next, fault } = form;
  const blame = fault === null ? '' : ' aria-invalid="true" aria-describedby="fault"';
  return page('Log in', [
    fault === null
      ? ''
      : `<p id="fault" class="fault" role="alert">${escaped(sentenceOf(fault))}</p>`,
    '<form method="post" action="/login">',
    `<input type="hidden" name="next" value="${escaped(next)}" />`,
    // For password managers: they keep a password under a name.
    '<input type="text" name="username" value="admin" autocomplete="username" hidden />',
    '<label for="password">Administrator’s password</label>',
    `<input id="password" name="password" type="password" autocomplete="current-password" required autofocus${blame} />`,
    '<button>Log in</button>',
    '</form>',
  ]);
}

/** @param fault What is wrong and what to do, in a sentence. */
export function faultPage(fault: string): string {
  return page('That did not work', [
    `<p class="fault" role="alert">${escaped(sentenceOf(fault))}</p>`,
    '<p><a href="/">To the start page</a></p>',
  ]);
}

/** What the pages look like. It is public, and the same for everybody. */
export function lookOfPages(): Router {
  const router = Router();
  for (const [path, type] of [
    ['admin.css', 'css'],
    ['icon.svg', 'svg'],
  ] as const) {
    const text = readFileSync(join(import.meta.dirname, 'look', path), 'utf8');
    router.get(`/look/${path}`, (_request, response) => {
      response.type(type).set('cache-control', 'public, max-age=3600').send(text);
    });
  }
  return router;
}

function page(title: string, content: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <meta name="robots" content="noindex" />
    <title>${title === 'camadas' ? title : `${title} – camadas`}</title>
    <link rel="stylesheet" href="/look/admin.css" />
    <link rel="icon" href="/look/icon.svg" type="image/svg+xml" />
  </head>
  <body>
    <main>
      <header><img src="/look/icon.svg" alt="" width="40" height="40" /><h1>${title}</h1></header>
      ${content.filter((line) => line !== '').join('\n      ')}
    </main>
  </body>
</html>
`;
}

/** Problems begin with a small letter, or the field; for a page that is made a sentence. */
function sentenceOf(fault: string): string {
  return `${fault.slice(0, 1).toUpperCase()}${fault.slice(1)}.`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
