// Who calls: a pod with a proxy of the mesh beside it, or one without.
import type { Pod } from '../../api/kubernetes.ts';
import type { Source } from './engine.ts';
import type { EndpointPod } from './plan.ts';

/** The label and the annotation by which a pod stays out of the mesh, as Istio's injector reads them. */
const INJECT = 'sidecar.istio.io/inject';

export function hasProxy(labels: Readonly<Record<string, string>>): boolean {
  return labels[INJECT] !== 'false';
}

export function endpointPodOf({ metadata }: Pod): EndpointPod {
  const { name, namespace = '', labels = {} } = metadata;
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return {
    namespace,
    name,
    labels,
    ...(owner === undefined ? {} : { owner: { kind: owner.kind, name: owner.name } }),
  };
}

/** A pod as a caller. */
export function sourceOf(pod: Pod): Source {
  const { namespace = '', labels = {}, annotations } = pod.metadata;
  if (!hasProxy(labels) || annotations?.[INJECT] === 'false') {
    return { caller: { kind: 'outside', namespace } };
  }
  return { caller: { kind: 'pod', namespace, labels }, pod: endpointPodOf(pod) };
}
