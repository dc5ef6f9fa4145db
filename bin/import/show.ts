import { table } from '../table.ts';
import type { Compared } from './compare.ts';
import type { Rehearsal } from './rehearse.ts';
import { type Rejects, sentenceOf } from './rejects.ts';
import type { Imported } from './run-import.ts';

const ROWS_SHOWN_MAX = 100;

export function showRejects({ first }: Rejects, refused: number): string {
  const more = refused - first.length;
  const lines = first.map((reject) => `refused: ${sentenceOf(reject)}`);
  if (more > 0) lines.push(`and ${more} more; --rejects FILE keeps all of a run`);
  return lines.join('\n');
}

export function showRehearsal({ read, refused, companies }: Rehearsal): string {
  const rows = companies
    .slice(0, ROWS_SHOWN_MAX)
    .map(({ companyId, messages, firstAt, lastAt }) => {
      return [companyId, messages, firstAt, lastAt];
    });
  const more = companies.length - rows.length;
  return [
    table(['company', 'messages', 'first', 'last'], rows),
    ...(more > 0 ? [`and ${more} more companies; --json shows all`] : []),
    `${read} read, ${refused} would be refused; nothing was stored`,
  ].join('\n');
}

export function showImported({ read, stored, duplicates, refused, compared }: Imported): string {
  return [
    table(['read', 'stored', 'duplicates', 'refused'], [[read, stored, duplicates, refused]]),
    ...(compared ? [showCompared(compared)] : []),
  ].join('\n');
}

function showCompared({ messages, companies, days, tiers, mismatches }: Compared): string {
  const { hot, warm, cold } = tiers;
  const where = `${hot} hot, ${warm} warm, ${cold} cold`;
  const scope = `${messages} messages of ${companies} companies on ${days} days compared: ${where}`;
  if (mismatches.length === 0) return `${scope}\nall is as it should be`;
  const rows = mismatches.slice(0, ROWS_SHOWN_MAX).map((one) => {
    return [one.companyId, one.day, one.inSource, one.missing, one.different, one.messageId];
  });
  const more = mismatches.length - rows.length;
  const head = ['company', 'day', 'in source', 'missing', 'different', 'for instance'];
  return [
    scope,
    table(head, rows),
    ...(more > 0 ? [`and ${more} more days; --json shows all`] : []),
  ].join('\n');
}
