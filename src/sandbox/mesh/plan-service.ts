// Plans for a host without routes: a Service as it is, or the address of a pod.
import type { Destination, Forward, Plan, RequestHead } from './plan.ts';
import { NOTHING, unhealthy } from './responses.ts';
import { DEFAULT_RETRY, NO_RETRY } from './retry-policy.ts';
import type { ServiceEntry } from './service-entry.ts';
import { externalName, type Services } from './services.ts';

export interface ServiceRequest {
  readonly head: RequestHead;
  /** Whose DestinationRules count. */
  readonly namespace: string;
  readonly service: ServiceEntry | undefined;
  readonly host: string;
  readonly port: number;
}

/** A host without routes: the Service as it is, with the mesh's own retries. */
export function planDefault(services: Services, request: ServiceRequest): Plan {
  const { head, namespace, service, port } = request;
  if (service === undefined) return planAddress(services, request);
  const destination = service.destination({ caller: namespace, port, subset: undefined });
  if (destination === undefined) return nobody(request, service);
  if (destination.endpoints.length === 0)
    return unhealthy(destination, { delayMs: 0, flags: NOTHING });
  return forwardTo(destination, head, true);
}

/** Without a proxy there is nobody to say what is wrong: the connection just fails. */
export function planPlain(services: Services, request: ServiceRequest): Plan {
  const { head, service, host, port } = request;
  if (service === undefined) return planAddress(services, request);
  const destination = service.plain(port);
  if (destination === undefined) return nobody(request, service);
  return destination.endpoints.length === 0
    ? { kind: 'unreachable', host, port, reason: 'refused' }
    : forwardTo(destination, head, false);
}

function nobody({ host, port }: ServiceRequest, service: ServiceEntry): Plan {
  const reason = externalName(service) === undefined ? 'no-such-port' : 'external';
  return { kind: 'unreachable', host, port, reason };
}

/** The address of a pod goes straight there; any other name is not of this cluster. */
function planAddress(services: Services, { head, host, port }: ServiceRequest): Plan {
  const address = head.connectedTo?.host ?? host;
  const pod = services.podAt(address) ?? services.podAt(host);
  if (pod?.address === undefined) {
    return { kind: 'unreachable', host, port, reason: 'no-such-host' };
  }
  const endpoint = { address: pod.address, port, pod, load: { active: 0 } };
  const name = 'PassthroughCluster';
  const destination: Destination = {
    cluster: name,
    service: { namespace: 'unknown', name, host: head.authority },
    port,
    endpoints: [endpoint],
    pickEndpoint: () => endpoint,
  };
  return forwardTo(destination, head, false);
}

function forwardTo(destination: Destination, head: RequestHead, isRetried: boolean): Forward {
  return {
    kind: 'forward',
    destination,
    path: head.path,
    authority: head.authority,
    requestHeaders: NOTHING,
    responseHeaders: NOTHING,
    delayMs: 0,
    flags: NOTHING,
    retry: isRetried ? DEFAULT_RETRY : NO_RETRY,
    mirrors: NOTHING,
  };
}
