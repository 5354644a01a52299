import { defineConfig } from 'vitest/config';

const E2E = 'test/e2e/**/*.test.ts';
const UI = 'test/ui/**/*.test.ts';

export default defineConfig({
  test: {
    // One process for many small files: a process each would cost more than the tests do.
    pool: 'threads',
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'code',
          include: ['src/**/*.test.ts', 'web/src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [E2E, UI],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Whole sites of processes need the machine to themselves.
        extends: true,
        test: { name: 'sites', include: [E2E, UI], maxWorkers: 1, sequence: { groupOrder: 2 } },
      },
    ],
  },
});
