// Addresses behind Services, as Endpoints and as one EndpointSlice each
// (https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/).
import type { Container, Pod, Service } from '../../api/kubernetes.ts';
import type { Json, KubeObject } from '../../api/object.ts';
import { ENDPOINT_SLICES, ENDPOINTS } from '../../api/resources.ts';
import { isNotFound } from '../../kube/errors.ts';
import { jsonEqual } from '../../lib/equal.ts';
import { controlledBy, isPodReady, type WorkloadContext } from './context.ts';
import { createLoop, type Loop } from './loop.ts';

export function startEndpoints(context: WorkloadContext): Loop {
  const { caches, clock, onProblem } = context;
  const loop = createLoop({
    clock,
    look: (namespace, name) => look(context, namespace, name),
    onProblem: (key, error) => onProblem(`endpoints of Service ${key}`, error),
  });
  caches.services.onChange(({ after }) => {
    if (after !== undefined) loop.add(after.metadata);
  });
  caches.pods.onChange(({ before, after }) => {
    const namespace = (after ?? before)?.metadata.namespace ?? '';
    for (const service of caches.services.list(namespace)) {
      const isConcerned = [before, after].some((pod) => pod !== undefined && selects(service, pod));
      if (isConcerned) loop.add(service.metadata);
    }
  });
  return loop;
}

function selects({ spec }: Service, { metadata }: Pod): boolean {
  const terms = Object.entries(spec.selector ?? {});
  return terms.length > 0 && terms.every(([key, value]) => metadata.labels?.[key] === value);
}

interface Port {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
}

/** The port of the pod that a Service's port means; undefined if the pod has none of that name. */
function targetPort(pod: Pod, target: number | string): number | undefined {
  if (typeof target === 'number') return target;
  const containers: readonly Container[] = pod.spec.containers ?? [];
  return containers.flatMap((one) => one.ports ?? []).find(({ name }) => name === target)
    ?.containerPort;
}

function portsOf({ spec }: Service, pod: Pod): readonly Port[] {
  return (spec.ports ?? []).flatMap(({ name = '', port, targetPort: target, protocol = 'TCP' }) => {
    const number = targetPort(pod, target ?? port);
    return number === undefined ? [] : [{ name, port: number, protocol }];
  });
}

async function look(context: WorkloadContext, namespace: string, name: string): Promise<void> {
  const service = context.caches.services.get(namespace, name);
  if (service?.spec.selector === undefined) return;
  const pods = context.caches.pods
    .list(namespace)
    .filter((pod) => selects(service, pod) && pod.status?.podIP !== undefined)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const groups = groupsOf(service, pods);
  for (const [index, group] of groups.entries()) await writeSlice(context, service, group, index);
  if (hasNamedTargets(service)) await removeSlices(context, service, groups.length);
  await writeEndpoints(context, service, groups);
}

interface Behind {
  readonly pods: readonly Pod[];
  readonly ports: readonly Port[];
}

/** A port that is named may be another number on each pod: pods alike in that stand together, at least one group. */
function groupsOf(service: Service, pods: readonly Pod[]): readonly Behind[] {
  const groups = new Map<string, { readonly pods: Pod[]; readonly ports: readonly Port[] }>();
  for (const pod of pods) {
    const ports = portsOf(service, pod);
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { pods: [], ports };
    group.pods.push(pod);
    groups.set(key, group);
  }
  return groups.size === 0 ? [{ pods, ports: [] }] : [...groups.values()];
}

function hasNamedTargets({ spec }: Service): boolean {
  return (spec.ports ?? []).some(({ targetPort: meant }) => typeof meant === 'string');
}

function sliceName({ metadata }: Service, index: number): string {
  return `${metadata.name}-slipway${index === 0 ? '' : `-${index + 1}`}`;
}

/** Slices of groups that are no longer there. */
async function removeSlices(
  { client }: WorkloadContext,
  service: Service,
  count: number,
): Promise<void> {
  const { name, namespace = '' } = service.metadata;
  const labelSelector = `kubernetes.io/service-name=${name}`;
  const { items } = await client.listAll(ENDPOINT_SLICES, { namespace, labelSelector });
  const wanted = new Set(Array.from({ length: count }, (_, index) => sliceName(service, index)));
  for (const { metadata } of items) {
    const isOurs = metadata.name.startsWith(sliceName(service, 0));
    if (!isOurs || wanted.has(metadata.name)) continue;
    await client.delete({ resource: ENDPOINT_SLICES, namespace, name: metadata.name });
  }
}

function target({ metadata }: Pod): Json {
  const { name, namespace = '', uid = '' } = metadata;
  return { kind: 'Pod', name, namespace, uid };
}

function isServing(pod: Pod): boolean {
  return isPodReady(pod) && pod.metadata.deletionTimestamp === undefined;
}

function writeSlice(
  context: WorkloadContext,
  service: Service,
  { pods, ports }: Behind,
  index: number,
) {
  const { name, namespace = '' } = service.metadata;
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: sliceName(service, index),
      namespace,
      labels: { 'kubernetes.io/service-name': name },
      ownerReferences: [controlledBy(service)],
    },
    addressType: 'IPv4',
    endpoints: pods.map((pod) => ({
      addresses: [pod.status?.podIP ?? ''],
      conditions: {
        ready: isServing(pod),
        serving: isPodReady(pod),
        terminating: pod.metadata.deletionTimestamp !== undefined,
      },
      nodeName: pod.spec.nodeName ?? '',
      targetRef: target(pod),
    })),
    ports: ports.map(({ name: portName, port, protocol }) => ({ name: portName, port, protocol })),
  };
  return store(context, ENDPOINT_SLICES, slice);
}

function writeEndpoints(context: WorkloadContext, service: Service, groups: readonly Behind[]) {
  const { name, namespace = '' } = service.metadata;
  const endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name, namespace, ownerReferences: [controlledBy(service)] },
    subsets: groups.flatMap(subsetOf),
  };
  return store(context, ENDPOINTS, endpoints);
}

function subsetOf({ pods, ports }: Behind): readonly Json[] {
  const address = (pod: Pod): Json => ({
    ip: pod.status?.podIP ?? '',
    nodeName: pod.spec.nodeName ?? '',
    targetRef: target(pod),
  });
  const ready = pods.filter(isServing).map(address);
  const waiting = pods
    .filter((pod) => !isServing(pod) && pod.metadata.deletionTimestamp === undefined)
    .map(address);
  if (ready.length + waiting.length === 0) return [];
  return [
    {
      ...(ready.length === 0 ? {} : { addresses: ready }),
      ...(waiting.length === 0 ? {} : { notReadyAddresses: waiting }),
      ports: ports.map(({ name: portName, port, protocol }) => ({
        ...(portName === '' ? {} : { name: portName }),
        port,
        protocol,
      })),
    },
  ];
}

/** Creates the object, or replaces it if it differs. */
async function store(
  { client }: WorkloadContext,
  resource: typeof ENDPOINTS,
  wanted: KubeObject,
): Promise<void> {
  const { name, namespace = '' } = wanted.metadata;
  const ref = { resource, namespace, name };
  try {
    const live = await client.get(ref);
    const next = { ...wanted, metadata: live.metadata };
    if (!jsonEqual(live, next)) await client.update(ref, next);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.create(resource, wanted);
  }
}
