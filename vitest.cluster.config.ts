import { defineConfig } from 'vitest/config';

// On a real API server (test/cluster): in real time, which is mostly waiting, so that files run side by side.
export default defineConfig({
  test: {
    include: ['test/cluster/**/*.test.ts', 'test/contracts/api.test.ts'],
    globalSetup: ['test/cluster/setup.ts'],
    isolate: false,
    pool: 'threads',
    reporters: ['default', './scripts/summary-reporter.mjs'],
    // Most of the time a test waits; more of them at once than this are too many for two cores.
    maxWorkers: 3,
    maxConcurrency: 8,
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
});
