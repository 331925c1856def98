// A Gateway of the Gateway API: its listeners, and which HTTPRoutes they take
// (https://gateway-api.sigs.k8s.io/reference/spec/#gateway).
import type { KubeObject } from '../../api/object.ts';
import type { ParentRef } from './http-route.ts';
import { intersection } from './names.ts';
import { type Field, fieldOf, type Problem } from './reading.ts';

export interface KubernetesGateway {
  readonly object: KubeObject;
  readonly listeners: readonly KubernetesListener[];
  readonly problems: readonly Problem[];
}

export interface KubernetesListener {
  readonly name: string;
  /** `*`: every host. */
  readonly host: string;
  readonly port: number;
  readonly protocol: string;
  /** Routes of every namespace, of the Gateway's own, or of none. */
  readonly from: 'All' | 'Same' | 'None';
}

export function compileKubernetesGateway(object: KubeObject): KubernetesGateway {
  const problems: Problem[] = [];
  const spec = fieldOf((object as { readonly spec?: unknown }).spec, 'spec', problems);
  spec.only(['gatewayClassName', 'listeners']);
  return { object, listeners: spec.at('listeners').items().map(listenerOf), problems };
}

function listenerOf(field: Field): KubernetesListener {
  field.only(['name', 'hostname', 'port', 'protocol', 'tls', 'allowedRoutes']);
  const from = field.at('allowedRoutes').at('namespaces').at('from');
  return {
    name: field.at('name').text() ?? '',
    host: (field.at('hostname').text() ?? '*').toLowerCase(),
    port: field.at('port').number() ?? 0,
    protocol: (field.at('protocol').text() ?? 'HTTP').toUpperCase(),
    from: allowedFrom(from),
  };
}

function allowedFrom(field: Field): KubernetesListener['from'] {
  const from = field.text() ?? 'Same';
  if (from === 'All' || from === 'Same') return from;
  field.notSupported('no route is taken');
  return 'None';
}

/** One port of a Gateway with the hosts that a route has there. */
export interface Attachment {
  readonly port: number;
  readonly listener: string;
  readonly hosts: readonly string[];
}

export type AttachmentRefusal =
  | 'NoMatchingParent'
  | 'NotAllowedByListeners'
  | 'NoMatchingListenerHostname';

/** Where a route is attached; or why nowhere. */
export function attachmentsOf(
  { object, listeners }: KubernetesGateway,
  route: { readonly namespace: string; readonly hostnames: readonly string[] },
  { sectionName, port }: ParentRef,
): readonly Attachment[] | AttachmentRefusal {
  const meant = listeners.filter(
    (one) =>
      (sectionName === undefined || sectionName === one.name) &&
      (port === undefined || port === one.port) &&
      (one.protocol === 'HTTP' || one.protocol === 'HTTPS'),
  );
  if (meant.length === 0) return 'NoMatchingParent';
  const open = meant.filter(
    ({ from }) =>
      from === 'All' || (from === 'Same' && route.namespace === object.metadata.namespace),
  );
  if (open.length === 0) return 'NotAllowedByListeners';
  const attachments = open.flatMap((one): readonly Attachment[] => {
    const hosts = hostsIn(one, route.hostnames);
    return hosts.length === 0 ? [] : [{ port: one.port, listener: one.name, hosts }];
  });
  return attachments.length === 0 ? 'NoMatchingListenerHostname' : attachments;
}

function hostsIn(listener: KubernetesListener, hostnames: readonly string[]): readonly string[] {
  if (hostnames.length === 0) return [listener.host];
  return hostnames.flatMap((host) => intersection(listener.host, host) ?? []);
}
