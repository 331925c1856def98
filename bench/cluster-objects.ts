// What bench/cluster.ts makes: Rollouts of the shape that users of Istio have, with everything they refer to.
import type { KubeObject } from '../src/api/object.ts';

const SETTINGS = 12;
const NOTES = 'x'.repeat(200);
const ISTIO = 'networking.istio.io/v1beta1';

export interface Shape {
  readonly namespace: string;
  readonly replicas: number;
}

/** Service, VirtualService, DestinationRule and Rollout of one name, in the order in which they are made. */
export function benchObjects(name: string, shape: Shape): readonly KubeObject[] {
  const metadata = { name, namespace: shape.namespace };
  const objects: readonly (KubeObject & { readonly spec: unknown })[] = [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
    },
    {
      apiVersion: ISTIO,
      kind: 'VirtualService',
      metadata,
      spec: {
        hosts: [name],
        http: [
          {
            name: 'primary',
            route: [
              { destination: { host: name, subset: 'stable' }, weight: 100 },
              { destination: { host: name, subset: 'canary' }, weight: 0 },
            ],
          },
        ],
      },
    },
    {
      apiVersion: ISTIO,
      kind: 'DestinationRule',
      metadata,
      spec: {
        host: name,
        subsets: ['canary', 'stable'].map((subset) => ({ name: subset, labels: { app: name } })),
      },
    },
    rollout(name, shape),
  ];
  return objects;
}

function rollout(name: string, { namespace, replicas }: Shape) {
  const env = Array.from({ length: SETTINGS }, (_, index) => ({
    name: `SETTING_${index}`,
    value: `value-${index}`,
  }));
  const container = {
    name: 'app',
    image: 'app:v1',
    ports: [{ containerPort: 8080 }],
    env,
    resources: { requests: { cpu: '1m', memory: '1Mi' } },
  };
  const istio = {
    virtualService: { name, routes: ['primary'] },
    destinationRule: { name, canarySubsetName: 'canary', stableSubsetName: 'stable' },
  };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: {
      name,
      namespace,
      labels: { app: name, team: 'bench' },
      annotations: { 'example.com/notes': NOTES },
    },
    spec: {
      replicas,
      revisionHistoryLimit: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name, version: 'v1' } },
        spec: { containers: [container] },
      },
      strategy: {
        canary: {
          trafficRouting: { istio },
          scaleDownDelaySeconds: 1,
          steps: [{ setWeight: 20 }, { setWeight: 50 }, { setWeight: 80 }],
        },
      },
    },
  };
}
