// `spec.strategy.canary.trafficRouting`: what the routers are told (rollout.md 1.3).
import {
  any,
  boolean,
  documented,
  type Infer,
  integer,
  list,
  long,
  map,
  object,
  text,
} from '../schema/schema.ts';

const istioVirtualService = object(
  {
    name: documented(text, 'Its name, or name.namespace.'),
    routes: documented(list(text), 'Names of its HTTP routes; its only one if absent.'),
    tlsRoutes: documented(
      list(
        object({
          port: documented(long, 'Port that the route matches.'),
          sniHosts: documented(list(text), 'SNI hosts that the route matches.'),
        }),
      ),
      'TLS routes.',
    ),
    tcpRoutes: documented(
      list(object({ port: documented(long, 'Port that the route matches.') })),
      'TCP routes.',
    ),
  },
  'name',
);

const destinationRule = object(
  {
    name: documented(text, 'Its name.'),
    canarySubsetName: documented(text, 'Subset of the new version.'),
    stableSubsetName: documented(text, 'Subset of the stable version.'),
    additionalSubsetNames: documented(list(text), 'Other subsets that are left alone.'),
  },
  'canarySubsetName',
  'name',
  'stableSubsetName',
);

const istio = object({
  virtualService: documented(istioVirtualService, 'The VirtualService whose weights are set.'),
  virtualServices: documented(list(istioVirtualService), 'Several of them.'),
  destinationRule: documented(destinationRule, 'For routes that name subsets of one host.'),
});

const nginx = object({
  annotationPrefix: documented(text, 'Prefix of annotations; nginx.ingress.kubernetes.io.'),
  stableIngress: documented(text, 'Ingress of the stable version.'),
  stableIngresses: documented(list(text), 'Several of them.'),
  additionalIngressAnnotations: documented(map(text), 'Annotations for the canary Ingress.'),
  canaryIngressAnnotations: documented(map(text), 'The same, without the prefix.'),
});

const alb = object(
  {
    ingress: documented(text, 'Ingress whose actions are set.'),
    ingresses: documented(list(text), 'Several of them.'),
    servicePort: documented(integer, 'Port of the Services.'),
    rootService: documented(text, 'Service that the rules name; the stable one if absent.'),
    annotationPrefix: documented(text, 'Prefix of annotations; alb.ingress.kubernetes.io.'),
    stickinessConfig: documented(
      object(
        {
          enabled: documented(boolean, 'Whether clients stay with one target group.'),
          durationSeconds: documented(long, 'For how long.'),
        },
        'durationSeconds',
        'enabled',
      ),
      'Stickiness of the target groups.',
    ),
  },
  'servicePort',
);

const reference = object({ name: documented(text, 'Its name.') }, 'name');

const appMesh = object({
  virtualService: documented(
    object(
      {
        name: documented(text, 'Its name.'),
        routes: documented(list(text), 'Names of its routes; all if absent.'),
      },
      'name',
    ),
    'The VirtualService whose router is set.',
  ),
  virtualNodeGroup: documented(
    object(
      {
        canaryVirtualNodeRef: documented(reference, 'Node of the new version.'),
        stableVirtualNodeRef: documented(reference, 'Node of the stable version.'),
      },
      'canaryVirtualNodeRef',
      'stableVirtualNodeRef',
    ),
    'The virtual nodes of both versions.',
  ),
});

export const trafficRouting = object({
  istio: documented(istio, 'Istio.'),
  nginx: documented(nginx, 'Ingress NGINX.'),
  alb: documented(alb, 'AWS load balancer controller.'),
  smi: documented(
    object({
      rootService: documented(text, 'Service that clients use; the stable one if absent.'),
      trafficSplitName: documented(
        text,
        'Name of the TrafficSplit; that of the Rollout if absent.',
      ),
    }),
    'Service Mesh Interface.',
  ),
  ambassador: documented(
    object({ mappings: documented(list(text), 'Names of Mappings.') }, 'mappings'),
    'Ambassador.',
  ),
  appMesh: documented(appMesh, 'AWS App Mesh.'),
  traefik: documented(
    object(
      { weightedTraefikServiceName: documented(text, 'Name of the TraefikService.') },
      'weightedTraefikServiceName',
    ),
    'Traefik.',
  ),
  apisix: documented(
    object({
      route: documented(
        object(
          {
            name: documented(text, 'Name of the ApisixRoute.'),
            rules: documented(list(text), 'Names of its rules; its only one if absent.'),
          },
          'name',
        ),
        'The ApisixRoute whose weights are set.',
      ),
    }),
    'Apache APISIX.',
  ),
  plugins: documented(any, 'Router plugins: settings by name of the plugin.'),
  managedRoutes: documented(
    list(object({ name: documented(text, 'Name of the route.') }, 'name')),
    'Routes that steps may create, the first having precedence.',
  ),
  maxTrafficWeight: documented(integer, 'What all weights sum up to; 100 if absent.'),
});

export type IstioRouting = Infer<typeof istio>;
export type IstioVirtualServiceRef = Infer<typeof istioVirtualService>;
