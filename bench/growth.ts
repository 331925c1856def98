// Whether a sandbox that is used for hours keeps its size.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Measurement } from './figure.ts';
import type { GrowthResult } from './growth-worker.ts';

/** What is kept for a time has been let go, and the heap has found its size, before the last hour and a half begins. */
const HOURS = 4.5;
const WORKER = fileURLToPath(new URL('growth-worker.ts', import.meta.url));

export const GROWTH: Measurement = {
  name: 'growth',
  how:
    `The document in a sandbox with the controller for ${HOURS} hours of a virtual clock: three requests a second, an update ` +
    'every quarter of an hour, each promoted after its experiment and its analysis. Slopes are of the last hour and a half, by ' +
    'least squares, each sample after a collection of garbage: until then the time series (two hours, with an hour before ' +
    'a silent one ends) and the Events (one hour) fill up.',
  measure: async () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--expose-gc', WORKER, String(HOURS)],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(stderr);
    const result = JSON.parse(stdout) as GrowthResult;
    return [
      { name: 'growth of the process', value: result.rssSlope, unit: 'MiB/h', atMost: 5 },
      { name: 'growth of the heap', value: result.heapSlope, unit: 'MiB/h' },
      { name: 'memory at the end', value: result.rssMiB, unit: 'MiB' },
      { name: 'updates promoted', value: result.updates, unit: '' },
      { name: 'requests', value: result.requests, unit: '' },
      { name: 'failed requests', value: result.failed, unit: '', atMost: 0 },
      { name: 'real time', value: result.realSeconds, unit: 's' },
    ];
  },
};
