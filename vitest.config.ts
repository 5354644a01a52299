import { defineConfig } from 'vitest/config';

const E2E = 'test/e2e/**/*.test.ts';
const UI = 'test/ui/**/*.test.ts';
/** Sites that wait for others more than they work: two of them share the machine. */
const PATIENT = [
  'access',
  'alerts',
  'attacks',
  'backup',
  'commands',
  'deploy-containers',
  'deploy-debian',
  'export',
  'modbus',
  'operation',
  'operation-rolling',
  'operation-upgrade',
  'past',
  'sink-contract',
  'sinks',
  'trust',
  'trust-join',
].map((name) => `test/e2e/${name}.test.ts`);

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
        extends: true,
        test: { name: 'patient', include: PATIENT, maxWorkers: 2, sequence: { groupOrder: 2 } },
      },
      {
        // Whole sites of processes need the machine to themselves.
        extends: true,
        test: {
          name: 'sites',
          include: [E2E, UI],
          exclude: PATIENT,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
