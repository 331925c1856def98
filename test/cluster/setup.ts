// Before all tests of vitest.cluster.config.ts: the cluster of KUBECONFIG, or one of our own for this run.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { CLUSTER_VARIABLE } from './facts.ts';
import { startTestCluster } from './test-cluster.ts';

/** What Debian's etcd does not tell, and what a young server has not forgotten (test/contracts/servers.ts). */
const LACKS = 'initial-events,expired-versions';

function use(kubeconfig: string): void {
  process.env['SLIPWAY_CONTRACT_LACKS'] ??= LACKS;
  process.env[CLUSTER_VARIABLE] = kubeconfig;
  process.env['SLIPWAY_CONTRACT_KUBECONFIG'] = kubeconfig;
}

export async function setup(): Promise<(() => Promise<void>) | undefined> {
  const given = process.env['KUBECONFIG'] ?? '';
  if (given !== '') {
    use(given);
    return undefined;
  }
  const folder = mkdtempSync(`${tmpdir()}/slipway-cluster-`);
  const cluster = await startTestCluster(folder, (line) => process.stderr.write(`${line}\n`));
  use(cluster.kubeconfig);
  return async () => {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
