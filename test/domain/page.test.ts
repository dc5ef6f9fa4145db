import { describe, expect, it } from 'vitest';
import { PageRequest } from '../../domain/page.ts';

const faultsOf = (request: object) => {
  const { error } = PageRequest.safeParse({ companyId: 'padaria', ...request });
  return error?.issues.map((issue) => [issue.path.join('.'), issue.message]) ?? [];
};

describe('a PageRequest', () => {
  it('asks for 50 Messages of the Company unless it says otherwise', () => {
    expect(PageRequest.parse({ companyId: 'padaria' })).toEqual({
      companyId: 'padaria',
      limit: 50,
    });
  });

  it('brings its moments into canonical form', () => {
    const request = {
      companyId: 'padaria',
      from: '2026-03-01T00:00-03:00',
      to: '2026-03-02T00:00Z',
    };
    expect(PageRequest.parse(request)).toMatchObject({
      from: '2026-03-01T03:00:00.000Z',
      to: '2026-03-02T00:00:00.000Z',
    });
  });

  it.each([1, 50, 500])('takes a limit of %i', (limit) => {
    expect(PageRequest.parse({ companyId: 'padaria', limit }).limit).toBe(limit);
  });

  it.each([0, -1, 501, 1.5, NaN, Infinity, '50', null])('refuses a limit of %s', (limit) => {
    expect(faultsOf({ limit })).toEqual([['limit', expect.any(String)]]);
  });

  it.each(['from', 'to'])(
    'refuses a moment that does not exist as %s, with the remedy',
    (field) => {
      const remedy = expect.stringContaining('like 2026-01-31T12:00:00.000Z');
      expect(faultsOf({ [field]: '2026-02-30T00:00:00Z' })).toEqual([[field, remedy]]);
      expect(faultsOf({ [field]: 'yesterday' })).toEqual([[field, remedy]]);
    },
  );

  it('refuses both cursors at once', () => {
    const remedy = 'cannot be given together with before; choose one';
    expect(faultsOf({ before: 'a', after: 'b' })).toEqual([['after', remedy]]);
  });

  it('refuses a Conversation and a Client at once', () => {
    const remedy = 'cannot be given together with conversationId; choose one';
    expect(faultsOf({ conversationId: 'a', clientId: 'b' })).toEqual([['clientId', remedy]]);
  });

  it.each(['companyId', 'conversationId', 'clientId'])('refuses an empty %s', (field) => {
    expect(faultsOf({ [field]: '' })).toEqual([[field, expect.any(String)]]);
  });

  it('refuses a field it does not know, such as an offset', () => {
    expect(faultsOf({ offset: 100 })).toHaveLength(1);
  });
});
