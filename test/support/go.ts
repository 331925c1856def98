// Programs in Go that tests build and start (test/plugins): where Go is, and in every complete run, which fails without it.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isOnPath } from './prometheus.ts';

const isWhole = process.env['SLIPWAY_TEST_ALL'] === '1';

export const hasGo: boolean = isWhole || isOnPath('go');

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The executable of a folder of test/plugins. Built once, then as fast as Go sees that nothing has changed. */
export function builtPlugin(name: 'own' | 'reference'): string {
  const folder = join(root, 'test/plugins', name);
  const target = join(root, '.cache/plugins', name);
  mkdirSync(join(root, '.cache/plugins'), { recursive: true });
  execFileSync('go', ['build', '-o', target, '.'], {
    cwd: folder,
    stdio: 'pipe',
    encoding: 'utf8',
  });
  return target;
}
