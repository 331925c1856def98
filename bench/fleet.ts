// A thousand rollouts that are updated at once.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Measurement } from './figure.ts';
import type { FleetResult } from './fleet-worker.ts';

const COUNT = 1000;
const WORKER = fileURLToPath(new URL('fleet-worker.ts', import.meta.url));

export const FLEET: Measurement = {
  name: 'fleet',
  how:
    `${COUNT} rollouts (Istio subsets, two replicas, steps of 20, 50 and 80 percent) in one process with sandbox and ` +
    'controller, all updated at once. Requests are those of the controller, watches and Events left out.',
  measure: async () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--expose-gc', WORKER, String(COUNT)],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(stderr);
    const result = JSON.parse(stdout) as FleetResult;
    return [
      { name: 'created until healthy', value: result.createSeconds, unit: 's' },
      { name: 'updated until healthy', value: result.updateSeconds, unit: 's' },
      { name: 'CPU for the update', value: result.controllerAndSandboxCpuSeconds, unit: 's' },
      { name: 'requests per create', value: result.requestsPerCreate, unit: '' },
      { name: 'requests per update', value: result.requestsPerUpdate, unit: '' },
      { name: 'Events per update', value: result.eventsPerUpdate, unit: '' },
      { name: 'memory at rest', value: result.restMiB, unit: 'MiB' },
      { name: 'memory at most', value: result.peakMiB, unit: 'MiB' },
    ];
  },
};
