// Rollouts that are updated all at once: a thousand as fast as this machine can, and five hundred within a budget of
// requests on the virtual clock.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { updateFleet } from '../test/sim/fleet-play.ts';
import { type Figure, type Measurement, percentile } from './figure.ts';
import type { FleetResult } from './fleet-worker.ts';

const COUNT = 1000;
const PACED = { count: 500, perSecond: 120, eventsPerSecond: 40 };
const WORKER = fileURLToPath(new URL('fleet-worker.ts', import.meta.url));

export const FLEET: Measurement = {
  name: 'fleet',
  how:
    `${COUNT} rollouts (Istio subsets, two replicas, steps of 20, 50 and 80 percent) in one process with sandbox and ` +
    'controller, all updated at once. Requests are those of the controller, watches and Events left out. ' +
    `Paced: ${PACED.count} on the virtual clock with ${PACED.perSecond} requests a second, and ${PACED.eventsPerSecond} for Events.`,
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
      ...(await pacedFigures()),
    ];
  },
};

async function pacedFigures(): Promise<readonly Figure[]> {
  const { healthy, eventsSeconds, eventsLost } = await updateFleet(PACED);
  return [
    { name: 'paced: first healthy', value: percentile(healthy, 0), unit: 's' },
    { name: 'paced: median healthy', value: percentile(healthy, 0.5), unit: 's' },
    { name: 'paced: last healthy', value: percentile(healthy, 1), unit: 's' },
    { name: 'paced: last Event told', value: eventsSeconds, unit: 's' },
    { name: 'paced: Events lost', value: eventsLost, unit: '', atMost: 0 },
  ];
}
