// Plans for connections that are not HTTP.
import type { ConnectionHead, ConnectionPlan, Caller } from './plan.ts';
import type { Tables } from './planner.ts';
import { scopeOf } from './scope.ts';
import { resolvedHost } from './names.ts';
import type { ConnectionRoute, RoutedConnection } from './routes.ts';
import type { ServiceEntry } from './service-entry.ts';
import { namespaceOf } from './source-match.ts';

export function planConnection(
  tables: Tables,
  head: ConnectionHead,
  caller: Caller,
): ConnectionPlan {
  const namespace = namespaceOf(caller);
  const { services, hosts } = tables;
  const service =
    services.find(resolvedHost(head.host, namespace)) ?? services.atAddress(head.host);
  if (caller.kind === 'outside') return toService(head, service, service?.plain(head.port));
  const scope = scopeOf(caller);
  const connection: RoutedConnection = {
    caller,
    scope,
    port: head.port,
    ...(head.sni === undefined ? {} : { sni: head.sni }),
  };
  const name = service?.name.host ?? head.host.toLowerCase();
  const routes =
    hosts.connectionRoutes(name, { scope, namespace }) ??
    hosts.connectionRoutes(head.sni ?? name, { scope, namespace });
  const route = routes?.find(({ applies }) => applies(connection));
  if (route !== undefined) return byRoute(tables, route, connection);
  const { port } = head;
  const destination = service?.destination({ caller: namespace, port, subset: undefined });
  return toService(head, service, destination);
}

function byRoute(
  { services, random }: Tables,
  { destinations, pick }: ConnectionRoute,
  { caller, port }: RoutedConnection,
): ConnectionPlan {
  const to = destinations[pick(random)]?.to;
  const destination = to && services.destination(to, { caller: namespaceOf(caller), asked: port });
  if (destination === undefined) return { kind: 'close', flag: 'NC' };
  return destination.endpoints.length === 0
    ? { kind: 'close', flag: 'UH' }
    : { kind: 'forward', destination };
}

function toService(
  { host, port }: ConnectionHead,
  service: ServiceEntry | undefined,
  destination: ReturnType<ServiceEntry['plain']>,
): ConnectionPlan {
  if (service === undefined) return { kind: 'unreachable', host, port, reason: 'no-such-host' };
  if (destination === undefined) return { kind: 'unreachable', host, port, reason: 'no-such-port' };
  return destination.endpoints.length === 0
    ? { kind: 'unreachable', host, port, reason: 'refused' }
    : { kind: 'forward', destination };
}
