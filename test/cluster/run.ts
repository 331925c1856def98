// `npm run test:cluster [-- --all] [WORDS ...]`: the tests on a real API server; with `--all` every combination of the
// matrix instead of the sample. The other words are for vitest.
import { spawn } from 'node:child_process';
import { WHOLE_MATRIX } from './matrix-choice.ts';

const words = process.argv.slice(2);
const isWhole = words.includes('--all');
const child = spawn(
  'vitest',
  ['run', '--config', 'vitest.cluster.config.ts', ...words.filter((word) => word !== '--all')],
  { stdio: 'inherit', env: { ...process.env, ...(isWhole ? { [WHOLE_MATRIX]: '1' } : {}) } },
);
child.on('error', (error) => {
  process.stderr.write(`vitest cannot be started: ${error.message}; run \`npm install\` first\n`);
  process.exitCode = 1;
});
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
