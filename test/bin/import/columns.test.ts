import { describe, expect, it } from 'vitest';
import { parseColumns, parseRoles } from '../../../bin/import/columns.ts';

describe('--columns', () => {
  it('tells columns, texts for all, and what is left out', () => {
    expect(parseColumns("content=body, companyId='acme, ''the'' shop' ,metadata=")).toEqual({
      content: { kind: 'column', column: 'body' },
      companyId: { kind: 'constant', text: "acme, 'the' shop" },
      metadata: { kind: 'absent' },
    });
  });

  it.each([
    ['text=body', /text: a field is one of companyId,/],
    ['content', /cannot be read from "content" on/],
    ["content='body", /cannot be read from/],
  ])('refuses %s in a sentence', (text, sentence) => {
    expect(() => parseColumns(text)).toThrow(sentence);
  });
});

describe('--roles', () => {
  it('tells what each value means, whatever its case', () => {
    expect(parseRoles("Assistant=bot,'in, out'=user,1=agent")).toEqual({
      assistant: 'bot',
      'in, out': 'user',
      '1': 'agent',
    });
  });

  it('refuses a role that there is none of', () => {
    expect(() => parseRoles('x=robot')).toThrow('a role is one of user, bot, agent, system');
  });
});
