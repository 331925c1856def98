// `spec.strategy.canary.trafficRouting`: what the routers are told (rollout.md 1.3).
import {
  any,
  boolean,
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
    name: text,
    routes: list(text),
    tlsRoutes: list(object({ port: long, sniHosts: list(text) })),
    tcpRoutes: list(object({ port: long })),
  },
  'name',
);

const istio = object({
  virtualService: istioVirtualService,
  virtualServices: list(istioVirtualService),
  destinationRule: object(
    {
      name: text,
      canarySubsetName: text,
      stableSubsetName: text,
      additionalSubsetNames: list(text),
    },
    'canarySubsetName',
    'name',
    'stableSubsetName',
  ),
});

const reference = object({ name: text }, 'name');

export const trafficRouting = object({
  istio,
  nginx: object({
    annotationPrefix: text,
    stableIngress: text,
    stableIngresses: list(text),
    additionalIngressAnnotations: map(text),
    canaryIngressAnnotations: map(text),
  }),
  alb: object(
    {
      ingress: text,
      ingresses: list(text),
      servicePort: integer,
      rootService: text,
      annotationPrefix: text,
      stickinessConfig: object(
        { enabled: boolean, durationSeconds: long },
        'durationSeconds',
        'enabled',
      ),
    },
    'servicePort',
  ),
  smi: object({ rootService: text, trafficSplitName: text }),
  ambassador: object({ mappings: list(text) }, 'mappings'),
  appMesh: object({
    virtualService: object({ name: text, routes: list(text) }, 'name'),
    virtualNodeGroup: object(
      { canaryVirtualNodeRef: reference, stableVirtualNodeRef: reference },
      'canaryVirtualNodeRef',
      'stableVirtualNodeRef',
    ),
  }),
  traefik: object({ weightedTraefikServiceName: text }, 'weightedTraefikServiceName'),
  apisix: object({ route: object({ name: text, rules: list(text) }, 'name') }),
  plugins: any,
  managedRoutes: list(object({ name: text }, 'name')),
  maxTrafficWeight: integer,
});

export type IstioRouting = Infer<typeof istio>;
export type IstioVirtualServiceRef = Infer<typeof istioVirtualService>;
