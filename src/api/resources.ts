// The kinds we address, as the API server names them.
import type { ResourceType } from './object.ts';

function resource(group: string, version: string, kind: string, plural: string): ResourceType {
  return { group, version, kind, plural, namespaced: true };
}

function clusterResource(
  group: string,
  version: string,
  kind: string,
  plural: string,
): ResourceType {
  return { group, version, kind, plural, namespaced: false };
}

const OURS = 'argoproj.io';

export const ROLLOUTS = resource(OURS, 'v1alpha1', 'Rollout', 'rollouts');
export const EXPERIMENTS = resource(OURS, 'v1alpha1', 'Experiment', 'experiments');
export const ANALYSIS_RUNS = resource(OURS, 'v1alpha1', 'AnalysisRun', 'analysisruns');
export const ANALYSIS_TEMPLATES = resource(
  OURS,
  'v1alpha1',
  'AnalysisTemplate',
  'analysistemplates',
);
export const CLUSTER_ANALYSIS_TEMPLATES = clusterResource(
  OURS,
  'v1alpha1',
  'ClusterAnalysisTemplate',
  'clusteranalysistemplates',
);

export const PODS = resource('', 'v1', 'Pod', 'pods');
export const POD_TEMPLATES = resource('', 'v1', 'PodTemplate', 'podtemplates');
export const SERVICES = resource('', 'v1', 'Service', 'services');
export const ENDPOINTS = resource('', 'v1', 'Endpoints', 'endpoints');
export const EVENTS = resource('', 'v1', 'Event', 'events');
export const SECRETS = resource('', 'v1', 'Secret', 'secrets');
export const CONFIG_MAPS = resource('', 'v1', 'ConfigMap', 'configmaps');
export const SERVICE_ACCOUNTS = resource('', 'v1', 'ServiceAccount', 'serviceaccounts');
export const NAMESPACES = clusterResource('', 'v1', 'Namespace', 'namespaces');
export const NODES = clusterResource('', 'v1', 'Node', 'nodes');
export const REPLICA_SETS = resource('apps', 'v1', 'ReplicaSet', 'replicasets');
export const DEPLOYMENTS = resource('apps', 'v1', 'Deployment', 'deployments');
export const JOBS = resource('batch', 'v1', 'Job', 'jobs');
export const ENDPOINT_SLICES = resource(
  'discovery.k8s.io',
  'v1',
  'EndpointSlice',
  'endpointslices',
);
export const LEASES = resource('coordination.k8s.io', 'v1', 'Lease', 'leases');
export const CRDS = clusterResource(
  'apiextensions.k8s.io',
  'v1',
  'CustomResourceDefinition',
  'customresourcedefinitions',
);

/** VirtualServices in one of the versions that Istio serves; the object keeps its own. */
export function virtualServices(version: string): ResourceType {
  return resource('networking.istio.io', version, 'VirtualService', 'virtualservices');
}

export function destinationRules(version: string): ResourceType {
  return resource('networking.istio.io', version, 'DestinationRule', 'destinationrules');
}

export const ISTIO_GATEWAYS = resource('networking.istio.io', 'v1beta1', 'Gateway', 'gateways');
export const KUBERNETES_GATEWAYS = resource(
  'gateway.networking.k8s.io',
  'v1',
  'Gateway',
  'gateways',
);
export const HTTP_ROUTES = resource('gateway.networking.k8s.io', 'v1', 'HTTPRoute', 'httproutes');
