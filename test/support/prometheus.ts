// Whether tests that ask a real Prometheus run: where the program is, and in every complete run, which fails without it.
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

export function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export const asksPrometheus: boolean =
  process.env['SLIPWAY_TEST_ALL'] === '1' || isOnPath('prometheus');
