// What the machine is called, and what this process takes of it.
import { hostname } from 'node:os';

/** Name of the machine; of the pod in a cluster. */
export function hostName(): string {
  return hostname();
}

/** Times in seconds, memory in bytes. */
export function processFacts() {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: rss,
    heapBytes: heapUsed,
    startedAtSeconds: Date.now() / 1000 - process.uptime(),
  };
}
