// What tests know of the cluster that setup.ts has found or started.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestCluster } from './test-cluster.ts';
import { FACTS_FILE } from './test-cluster.ts';

export type Facts = Omit<TestCluster, 'stop'>;

/** Names the kubeconfig of the cluster for the tests' workers. */
export const CLUSTER_VARIABLE = 'SLIPWAY_TEST_CLUSTER';

/** Of a cluster that is not ours only the kubeconfig is known. */
export function clusterFacts(): Facts {
  const kubeconfig = process.env[CLUSTER_VARIABLE] ?? '';
  if (kubeconfig === '') throw new Error(`${CLUSTER_VARIABLE} is not set: npm run test:cluster`);
  const file = join(dirname(kubeconfig), FACTS_FILE);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Facts;
  const server = /server: (\S+)/.exec(readFileSync(kubeconfig, 'utf8'))?.[1] ?? '';
  return { server, kubeconfig, controllerKubeconfig: kubeconfig, prometheus: '', auditLog: '' };
}
