import { configDefaults, defineConfig } from 'vitest/config';

// The reference's own types take Go minutes to compile: in complete runs only.
const isWhole = process.env['SLIPWAY_TEST_ALL'] === '1';
const left = isWhole ? [] : ['test/plugins/reference.test.ts'];

// Unit tests, laws, vectors and contracts: no isolation, so module-level state would show.
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Those of test/cluster need a real control plane: vitest.cluster.config.ts.
    exclude: [...configDefaults.exclude, 'test/cluster/**', ...left],
    isolate: false,
    pool: 'threads',
    testTimeout: 60_000,
  },
});
