import { z } from 'zod';
import { defineCommand } from '../command.ts';

export const bench = defineCommand({
  name: 'bench',
  summary: 'x',
  flags: {},
  schema: z.object({ operands: z.tuple([]) }),
  run: () => Promise.resolve(1),
});
