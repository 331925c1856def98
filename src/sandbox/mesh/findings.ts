// What there is to say about an object: what compiling it found, and what of the rest of the cluster it does not fit.
import type { KubeObject } from '../../api/object.ts';
import { keyOf } from './age.ts';
import type { HostTable, VirtualHost } from './host-table.ts';
import type { AttachedRoute } from './http-routes.ts';
import { resolvedHost, serviceHost } from './names.ts';
import type { Problem } from './reading.ts';
import type { Reference } from './reference.ts';
import { type DestinationRef, MESH } from './routes.ts';
import type { Services } from './services.ts';
import type { CompiledVirtualService } from './virtual-service.ts';

export interface ArrivedVirtualService extends VirtualHost, CompiledVirtualService {}

export function virtualServiceFindings(
  services: Services,
  hosts: HostTable,
  entry: ArrivedVirtualService,
): readonly Problem[] {
  const { namespace = '' } = entry.object.metadata;
  return [
    ...entry.problems,
    ...entry.references.flatMap((reference) => referenceProblem(services, reference, namespace)),
    ...(entry.scopes.has(MESH)
      ? entry.hosts.flatMap((host, index) => [
          ...misspelt(services, host, `spec.hosts[${index}]`),
          ...taken(hosts, entry, host, index),
        ])
      : []),
  ];
}

export function destinationRuleFindings(
  services: Services,
  object: KubeObject,
): readonly Problem[] {
  const host = services.rules.hostOf(object) ?? '';
  const found = services.rules.problemsOf(object);
  if (host === '') {
    return [...found, { reason: 'FieldInvalid', path: 'spec.host', message: 'must not be empty' }];
  }
  const wrong = misspelt(services, host, 'spec.host');
  if (wrong.length > 0 || services.hasHost(host)) return [...found, ...wrong];
  return [...found, { reason: 'ReferenceNotFound', path: 'spec.host', message: noService(host) }];
}

export function httpRouteFindings(
  services: Services,
  { object, compiled }: AttachedRoute,
): readonly Problem[] {
  const { namespace = '' } = object.metadata;
  return [
    ...compiled.problems,
    ...compiled.parents.flatMap((parent, index): readonly Problem[] => {
      const host = serviceHost(parent.name, parent.namespace);
      if (parent.kind !== 'Service' || services.find(host) !== undefined) return [];
      const path = `spec.parentRefs[${index}]`;
      return [{ reason: 'ReferenceNotFound', path, message: noService(host) }];
    }),
    ...compiled.references.flatMap((reference) => referenceProblem(services, reference, namespace)),
  ];
}

function referenceProblem(
  services: Services,
  { path, to }: Reference,
  namespace: string,
): readonly Problem[] {
  const message = missing(services, to, namespace);
  return message === undefined ? [] : [{ reason: 'ReferenceNotFound', path, message }];
}

/** What of a destination does not exist. */
function missing(
  services: Services,
  { host, subset, port }: DestinationRef,
  namespace: string,
): string | undefined {
  const entry = services.find(host);
  if (entry === undefined) return suggestion(services, host) ?? noService(host);
  if (port !== undefined && !entry.hasPort(port)) return `Service ${host} has no port ${port}`;
  if (subset === undefined || services.hasSubset(host, subset, namespace)) return undefined;
  return `no DestinationRule for ${host} has a subset ${JSON.stringify(subset)}`;
}

function noService(host: string): string {
  return `there is no Service ${host}`;
}

/** For a host that is none: a name with a dot is not looked up, yet many mean a Service by `name.namespace`. */
function suggestion(services: Services, host: string): string | undefined {
  const meant = resolvedHost(host, '');
  return services.find(meant) !== undefined
    ? `there is no Service ${host}; ${meant} may be meant`
    : undefined;
}

function misspelt(services: Services, host: string, path: string): readonly Problem[] {
  const message = services.hasHost(host) ? undefined : suggestion(services, host);
  return message === undefined ? [] : [{ reason: 'ReferenceNotFound', path, message }];
}

function taken(
  hosts: HostTable,
  entry: VirtualHost,
  host: string,
  index: number,
): readonly Problem[] {
  const other = entry.http.length === 0 ? undefined : hosts.takenBy(host, entry);
  if (other === undefined) return [];
  const message = `${host} belongs to the older ${other.kind} ${keyOf(other)}`;
  return [{ reason: 'HostTaken', path: `spec.hosts[${index}]`, message }];
}
