// `npm run check`: format, types, lint, unused code, generated files, tests. Goes through all of them, says which
// failed, and ends with the test runner's line.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const steps = [
  ['format', 'biome', ['format', '.']],
  ['types', 'tsc', ['-b']],
  ['lint', 'oxlint', ['--type-aware', '--deny-warnings', 'src', 'test', 'bench', 'scripts']],
  ['unused', 'knip', []],
  ['generated', process.execPath, ['scripts/generate.mjs', '--check']],
  ['tests', 'vitest', ['run', '--reporter=dot', '--reporter=./scripts/summary-reporter.mjs']],
];

const failed = [];
for (const [name, command, args] of steps) {
  const started = performance.now();
  const isLast = name === 'tests';
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: isLast ? 'inherit' : 'pipe',
    encoding: 'utf8',
  });
  if (result.status !== 0) failed.push(name);
  if (isLast) break;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${result.status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`);
  if (result.status !== 0) process.stdout.write(`${result.stdout ?? ''}${result.stderr ?? ''}\n`);
  if (failed.length > 0) process.stdout.write(`failed so far: ${failed.join(', ')}\n`);
}
if (failed.length > 0) process.stderr.write(`check failed: ${failed.join(', ')}\n`);
process.exit(failed.length === 0 ? 0 : 1);
