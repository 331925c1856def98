// Where the mesh reads its objects: any cache that lists them and tells of changes.
import type { Pod, Service } from '../../api/kubernetes.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Change } from '../../kube/watch-cache.ts';
import type { Endpoints, EndpointSlice } from './endpoint-objects.ts';

/** A watch cache is one. */
export interface Source<T> {
  list(): readonly T[];
  onChange(listener: (change: Change<T>) => void): () => void;
}

export interface MeshSources {
  readonly pods: Source<Pod>;
  readonly services: Source<Service>;
  readonly endpointSlices: Source<EndpointSlice>;
  readonly endpoints: Source<Endpoints>;
  readonly virtualServices: Source<KubeObject>;
  readonly destinationRules: Source<KubeObject>;
  /** Gateways of Istio. */
  readonly gateways: Source<KubeObject>;
  /** Gateways of the Gateway API. */
  readonly kubernetesGateways: Source<KubeObject>;
  readonly httpRoutes: Source<KubeObject>;
}
