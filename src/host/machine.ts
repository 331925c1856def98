// What the machine is called.
import { hostname } from 'node:os';

/** Name of the machine; of the pod in a cluster. */
export function hostName(): string {
  return hostname();
}
