// The ways in which a Rollout `web` moves traffic, for tests that watch what its users meet.
import type { KubeObject } from '../../src/api/object.ts';
import { service, type Strategy } from '../scenarios/web.ts';

const ISTIO = { apiVersion: 'networking.istio.io/v1beta1' };

function virtualService(stable: object, canary: object): KubeObject {
  const route = [
    { destination: stable, weight: 100 },
    { destination: canary, weight: 0 },
  ];
  const spec = { hosts: ['web'], http: [{ name: 'primary', route }] };
  return { ...ISTIO, kind: 'VirtualService', metadata: { name: 'web' }, spec } as KubeObject;
}

const STEPS = [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }, { pause: { duration: 1 } }];
const ROUTE = { virtualService: { name: 'web', routes: ['primary'] } };

export interface Kind {
  readonly name: string;
  readonly strategy: Strategy;
  readonly objects: readonly KubeObject[];
  readonly entries?: readonly string[];
}

export const HOST: Kind = {
  name: 'host routing',
  strategy: {
    canary: {
      steps: STEPS,
      stableService: 'web-active',
      canaryService: 'web-preview',
      trafficRouting: { istio: ROUTE },
    },
  },
  objects: [virtualService({ host: 'web-active' }, { host: 'web-preview' })],
};

/** The two Services change roles at each promotion. */
export const PING_PONG: Kind = {
  name: 'ping-pong',
  strategy: {
    canary: {
      steps: STEPS,
      pingPong: { pingService: 'web-active', pongService: 'web-preview' },
      trafficRouting: { istio: ROUTE },
    },
  },
  objects: HOST.objects,
};

const RULE = {
  ...ISTIO,
  kind: 'DestinationRule',
  metadata: { name: 'web' },
  spec: {
    host: 'web',
    subsets: [
      { name: 'stable', labels: { app: 'web' } },
      { name: 'canary', labels: { app: 'web' } },
    ],
  },
} as KubeObject;

export const SUBSET: Kind = {
  name: 'subset routing',
  strategy: {
    canary: {
      steps: STEPS,
      trafficRouting: {
        istio: {
          ...ROUTE,
          destinationRule: { name: 'web', canarySubsetName: 'canary', stableSubsetName: 'stable' },
        },
      },
    },
  },
  objects: [
    service('web'),
    RULE,
    virtualService({ host: 'web', subset: 'stable' }, { host: 'web', subset: 'canary' }),
  ],
};

export const BLUE_GREEN: Kind = {
  name: 'blue-green',
  strategy: {
    blueGreen: {
      activeService: 'web-active',
      previewService: 'web-preview',
      autoPromotionEnabled: false,
      scaleDownDelaySeconds: 0,
      abortScaleDownDelaySeconds: 1,
    },
  },
  // Selects all pods, as a client-side load balancer's own Service does.
  objects: [service('web')],
  entries: ['web-active'],
};
