// How long the sandbox takes from its start to being ready, and its memory at rest.
import { readFileSync } from 'node:fs';
import { type Measurement, median } from './figure.ts';
import { medianTimes, startSandbox } from './processes.ts';

const ROUNDS = 5;
const REST_MS = 3000;

/** Resident memory of a process in MiB. */
export function residentMiB(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024;
}

export const SANDBOX: Measurement = {
  name: 'sandbox',
  how: '`slipway sandbox` from the start of its process to its word that it is ready, and its memory three seconds later; median of 5.',
  measure: async () => {
    const { node } = medianTimes({ node: { command: process.execPath, args: ['-e', '0'] } }, 5);
    const ready: number[] = [];
    const memory: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const sandbox = await startSandbox();
      ready.push(sandbox.readyMs);
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
      memory.push(residentMiB(sandbox.pid));
      await sandbox.stop();
    }
    const readyMs = median(ready);
    return [
      {
        name: 'start to ready',
        value: readyMs,
        unit: 'ms',
        atMost: 1000,
        against: { what: 'an empty Node program', ratio: readyMs / node },
      },
      { name: 'memory at rest', value: median(memory), unit: 'MiB', atMost: 120 },
    ];
  },
};
