import { defineConfig } from 'vitest/config';

// On a real API server (test/cluster): in real time, which is mostly waiting, so that files run side by side.
export default defineConfig({
  test: {
    include: ['test/cluster/**/*.test.ts', 'test/contracts/api.test.ts'],
    globalSetup: ['test/cluster/setup.ts'],
    isolate: false,
    pool: 'threads',
    maxWorkers: 3,
    maxConcurrency: 12,
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
});
