// `tls` and `tcp` routes of a VirtualService: chosen once for each connection.
import { covers } from './names.ts';
import type { Field } from './reading.ts';
import type { ConnectionRoute, RoutedConnection } from './routes.ts';
import { compileSource } from './source-match.ts';
import { type Compilation, compileReference } from './reference.ts';
import { weightedPick } from './weights.ts';

const KNOWN = ['port', 'sourceLabels', 'sourceNamespace', 'gateways', 'sniHosts'];

export function compileConnectionRoutes(
  field: Field,
  compilation: Compilation,
): readonly ConnectionRoute[] {
  return field.items().map((route) => compileRoute(route, compilation));
}

function compileRoute(field: Field, compilation: Compilation): ConnectionRoute {
  field.only(['match', 'route']);
  const tests = field
    .at('match')
    .items()
    .map((entry) => compileMatch(entry, compilation));
  const entries = field.at('route').items();
  const destinations = entries.flatMap((entry) => {
    entry.only(['destination', 'weight']);
    const to = compileReference(entry.at('destination'), compilation);
    const weight = entries.length === 1 ? 1 : Math.max(0, entry.at('weight').number() ?? 0);
    return to === undefined ? [] : [{ weight, to }];
  });
  return {
    applies: tests.length === 0 ? () => true : (one) => tests.some((applies) => applies(one)),
    destinations,
    pick: weightedPick(destinations.map(({ weight }) => weight)),
  };
}

function compileMatch(
  field: Field,
  { namespace }: Compilation,
): (connection: RoutedConnection) => boolean {
  field.only(KNOWN);
  const isFrom = compileSource(field, namespace);
  const sniHosts = field.at('sniHosts').texts();
  if (!field.at('sniHosts').isPresent) return isFrom;
  return (connection) =>
    connection.sni !== undefined &&
    sniHosts.some((host) => covers(host, connection.sni ?? '')) &&
    isFrom(connection);
}
