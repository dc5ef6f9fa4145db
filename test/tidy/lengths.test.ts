import { describe, expect, it } from 'vitest';

import { functionLengths } from './lengths.ts';

describe('functionLengths', () => {
  it('measures what has a name, and counts a callback with its host', () => {
    const text = 'function a() {\n  b(() => {\n  });\n}\nconst c = () => 1;\nclass D { e() {\n} }';
    const lengths = functionLengths({ path: 'db/hot.ts', text });
    expect(lengths.map(({ what, lines }) => `${what} ${lines}`)).toEqual([
      'db/hot.ts:1 a 4',
      'db/hot.ts:5 c 1',
      'db/hot.ts:6 e 2',
    ]);
  });
});
