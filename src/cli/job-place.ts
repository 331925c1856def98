// Where the Jobs of job metrics run (providers.md 4): the controller's cluster and the run's namespace, unless the
// environment names others.
import { createTransport } from '../host/transport.ts';
import { createClient, type KubeClient } from '../kube/client.ts';
import type { KubeconfigPorts } from '../kube/identity.ts';
import { type Connection, inCluster, loadKubeconfig } from '../kube/kubeconfig.ts';
import type { JobPlace } from '../providers/cluster.ts';
import { CommandError } from './command.ts';

const NAMESPACE = 'ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE';
const KUBECONFIG = 'ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG';
const IN_CLUSTER = 'in-cluster';

/** `client` is the controller's own. Throws `ConfigError`, `CommandError`. */
export async function jobPlace(ports: KubeconfigPorts, client: KubeClient): Promise<JobPlace> {
  const namespace = ports.env(NAMESPACE) ?? '';
  const kubeconfig = ports.env(KUBECONFIG) ?? '';
  const place = namespace === '' ? {} : { namespace };
  if (kubeconfig === '') return { client, isElsewhere: false, ...place };
  const connection = await connectionFor(ports, kubeconfig);
  const transport = createTransport(connection).send;
  return {
    client: createClient({
      transport,
      userAgent: 'slipway-controller',
      patience: { clock: ports.clock },
    }),
    isElsewhere: true,
    ...place,
  };
}

async function connectionFor(ports: KubeconfigPorts, kubeconfig: string): Promise<Connection> {
  if (kubeconfig !== IN_CLUSTER) {
    if ((await ports.files.read(kubeconfig)) !== undefined) {
      return loadKubeconfig(ports, { kubeconfig });
    }
    throw new CommandError(`the kubeconfig ${kubeconfig} does not exist: ${KUBECONFIG} names it`);
  }
  const connection = await inCluster(ports);
  if (connection !== undefined) return connection;
  throw new CommandError(
    `${KUBECONFIG} is ${IN_CLUSTER}, but this is no pod with a service account: ` +
      `name a kubeconfig, or unset it to run Jobs in the controller's cluster`,
  );
}
