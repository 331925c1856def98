import { defineConfig } from 'vitest/config';

// Unit tests, laws, vectors and contracts: no isolation, so module-level state would show.
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    isolate: false,
    pool: 'threads',
    testTimeout: 60_000,
  },
});
