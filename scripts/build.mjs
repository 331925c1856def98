// Builds dist/: the compiled modules and the bundled executables. Runs on Node 24 with the tools on PATH.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

// Without the folder tsc would trust its build information and write nothing.
rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
rmSync(new URL('../.cache/tsc', import.meta.url), { recursive: true, force: true });
run('tsc', ['-b', 'src']);
run('tsc', ['-b', 'src/cli']);
run(process.execPath, ['scripts/bundle.mjs']);
