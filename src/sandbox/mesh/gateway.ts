// Gateways of both APIs as listeners: where requests from outside enter.
import type { KubeObject } from '../../api/object.ts';
import type { KubernetesGateway } from './kubernetes-gateway.ts';
import { type Field, fieldOf, type Problem } from './reading.ts';
import type { GatewayListener } from './plan.ts';

export interface IstioGateway {
  readonly object: KubeObject;
  readonly listeners: readonly GatewayListener[];
  readonly problems: readonly Problem[];
}

interface Opening {
  readonly port: number;
  readonly protocol: string;
  readonly hosts: readonly string[];
}

/** A Gateway of Istio (https://istio.io/latest/docs/reference/config/networking/gateway/). */
export function compileIstioGateway(object: KubeObject): IstioGateway {
  const problems: Problem[] = [];
  const spec = fieldOf((object as { readonly spec?: unknown }).spec, 'spec', problems);
  // The selector names the proxies that carry it; here there is one for all.
  spec.only(['selector', 'servers']);
  const openings = spec.at('servers').items().map(istioServer);
  return { object, listeners: listenersOf(object, 'istio', openings), problems };
}

function istioServer(field: Field): Opening {
  field.only(['port', 'hosts', 'name', 'tls', 'defaultEndpoint']);
  if (field.at('tls').at('httpsRedirect').boolean() === true) {
    field.at('tls').at('httpsRedirect').notSupported();
  }
  const hosts = field
    .at('hosts')
    .items()
    .flatMap((item) => {
      const text = item.text() ?? '';
      const slash = text.indexOf('/');
      const namespace = text.slice(0, Math.max(0, slash));
      if (slash > 0 && namespace !== '*') item.notSupported('routes of every namespace are taken');
      const host = text.slice(slash + 1).toLowerCase();
      return host === '' ? [] : [host];
    });
  const port = field.at('port');
  return {
    port: port.at('number').number() ?? 0,
    protocol: (port.at('protocol').text() ?? 'HTTP').toUpperCase(),
    hosts,
  };
}

/** A Gateway of the Gateway API. */
export function kubernetesListeners({
  object,
  listeners,
}: KubernetesGateway): readonly GatewayListener[] {
  const openings = listeners.map(({ port, protocol, host }) => ({ port, protocol, hosts: [host] }));
  return listenersOf(object, 'kubernetes', openings);
}

/** One listener for each port; several openings of a port share their hosts. */
function listenersOf(
  { metadata }: KubeObject,
  api: GatewayListener['api'],
  openings: readonly Opening[],
): readonly GatewayListener[] {
  const ports = [...new Set(openings.map(({ port }) => port))].filter((port) => port > 0);
  return ports.map((port) => {
    const ofPort = openings.filter((one) => one.port === port);
    return {
      api,
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      port,
      protocol: ofPort[0]?.protocol ?? 'HTTP',
      hosts: [...new Set(ofPort.flatMap(({ hosts }) => hosts))].toSorted(),
    };
  });
}
