// Addresses behind a Service, from its EndpointSlices, or from an Endpoints object that a person wrote beside a Service
// without selector (a cluster would copy that one into slices).
import type { KubeObject } from '../../api/object.ts';

export interface EndpointSlice extends KubeObject {
  readonly endpoints?: readonly SliceEndpoint[] | null;
  readonly ports?: readonly SlicePort[] | null;
}

interface SliceEndpoint {
  readonly addresses?: readonly string[];
  readonly conditions?: { readonly ready?: boolean };
  readonly targetRef?: TargetRef;
}

interface SlicePort {
  readonly name?: string;
  readonly port?: number;
}

interface TargetRef {
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
}

export interface Endpoints extends KubeObject {
  readonly subsets?: readonly {
    readonly addresses?: readonly { readonly ip: string; readonly targetRef?: TargetRef }[];
    readonly ports?: readonly SlicePort[];
  }[];
}

/** A ready address for a port of the Service. */
export interface ReadyAddress {
  /** Name of the Service's port; empty if it has none. */
  readonly portName: string;
  readonly address: string;
  readonly port: number;
  readonly pod?: { readonly namespace: string; readonly name: string };
}

/** The Service that a slice belongs to. */
export function serviceOf(slice: EndpointSlice): string | undefined {
  return slice.metadata.labels?.['kubernetes.io/service-name'];
}

export function addressesOfSlice(slice: EndpointSlice): readonly ReadyAddress[] {
  const { namespace = '' } = slice.metadata;
  const ready = (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
  return ready.flatMap(({ addresses = [], targetRef }) =>
    addresses
      .slice(0, 1)
      .flatMap((address) => onPorts({ address, ports: slice.ports ?? [], targetRef, namespace })),
  );
}

export function addressesOfEndpoints(endpoints: Endpoints): readonly ReadyAddress[] {
  const { namespace = '' } = endpoints.metadata;
  return (endpoints.subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
    addresses.flatMap(({ ip, targetRef }) => onPorts({ address: ip, ports, targetRef, namespace })),
  );
}

function onPorts(options: {
  readonly address: string;
  readonly ports: readonly SlicePort[];
  readonly targetRef: TargetRef | undefined;
  readonly namespace: string;
}): readonly ReadyAddress[] {
  const { address, ports, targetRef, namespace } = options;
  const pod =
    targetRef?.kind === 'Pod' && targetRef.name !== undefined
      ? { pod: { namespace: targetRef.namespace ?? namespace, name: targetRef.name } }
      : {};
  return ports.flatMap(({ name = '', port }) =>
    port === undefined ? [] : [{ portName: name, address, port, ...pod }],
  );
}
