import { defineConfig } from 'vitest/config';

const ALL = 'test/**/*.test.ts';
/** They measure times, of an outage or of a scrape: with a neighbour they would measure that one. */
const TIMED = 'test/{faults/{http,mysql,redis},metrics/cost}.test.ts';

const common = { testTimeout: 20_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    globalSetup: 'test/servers.ts',
    projects: [
      {
        test: {
          ...common,
          name: 'all',
          include: [ALL],
          exclude: [TIMED],
          // Real servers start and stop meanwhile; two files at a time is what two cores bear.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...common,
          name: 'timed',
          include: [TIMED],
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
