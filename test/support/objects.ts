// Posting manifests to a test's cluster.
import type { Json, KubeObject } from '../../src/api/object.ts';
import { collectionPath } from '../../src/kube/paths.ts';
import type { KubeClient } from '../../src/kube/client.ts';

const PLURALS: Readonly<Record<string, readonly [plural: string, namespaced: boolean]>> = {
  Rollout: ['rollouts', true],
  Experiment: ['experiments', true],
  AnalysisTemplate: ['analysistemplates', true],
  ClusterAnalysisTemplate: ['clusteranalysistemplates', false],
  AnalysisRun: ['analysisruns', true],
  Service: ['services', true],
  Endpoints: ['endpoints', true],
  Namespace: ['namespaces', false],
  Secret: ['secrets', true],
  ConfigMap: ['configmaps', true],
  Deployment: ['deployments', true],
  ReplicaSet: ['replicasets', true],
  Pod: ['pods', true],
  Job: ['jobs', true],
  VirtualService: ['virtualservices', true],
  DestinationRule: ['destinationrules', true],
};

export function resourceOf({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>) {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const [plural, namespaced] = PLURALS[kind] ?? [`${kind.toLowerCase()}s`, true];
  return { group: group ?? '', version: version ?? '', kind, plural, namespaced };
}

/** Creates the object by a plain POST. */
export async function post(
  client: KubeClient,
  namespace: string,
  object: KubeObject,
): Promise<void> {
  const path = collectionPath(resourceOf(object), namespace);
  await client.raw('POST', path, { body: object as unknown as Json });
}
