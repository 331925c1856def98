// Many Rollouts of the shape that users of Istio have: canaries of two subsets in steps with short pauses.
import type { KubeObject } from '../../src/api/object.ts';
import { ROLLOUTS } from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import type { Real } from './real.ts';

const ISTIO = 'networking.istio.io/v1beta1';
const AT_ONCE = 8;

export interface Fleet {
  readonly names: readonly string[];
  readonly steps: readonly (
    | { readonly setWeight: number }
    | { readonly pause: { readonly duration: number } }
  )[];
}

/** That many Rollouts; an update passes these weights, with a pause behind each. */
export function fleetOf(count: number, weights: readonly number[], pauseSeconds: number): Fleet {
  return {
    names: Array.from({ length: count }, (_, index) => `web-${index}`),
    steps: weights.flatMap((setWeight) => [{ setWeight }, { pause: { duration: pauseSeconds } }]),
  };
}

/** Runs `work` on all, some at the same time. */
export async function forAll(
  names: readonly string[],
  work: (name: string) => Promise<void>,
): Promise<void> {
  const left = [...names];
  const worker = async (): Promise<void> => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) await work(name);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function objectsOf(name: string, image: string, steps: Fleet['steps']): readonly KubeObject[] {
  const metadata = { name };
  const labels = { app: name };
  const route = ['stable', 'canary'].map((subset, index) => ({
    destination: { host: name, subset },
    weight: index === 0 ? 100 : 0,
  }));
  const istio = {
    virtualService: { name, routes: ['primary'] },
    destinationRule: { name, canarySubsetName: 'canary', stableSubsetName: 'stable' },
  };
  const objects: readonly (KubeObject & { readonly spec: unknown })[] = [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ port: 80, targetPort: 80 }] },
    },
    {
      apiVersion: ISTIO,
      kind: 'VirtualService',
      metadata,
      spec: { hosts: [name], http: [{ name: 'primary', route }] },
    },
    {
      apiVersion: ISTIO,
      kind: 'DestinationRule',
      metadata,
      spec: {
        host: name,
        subsets: ['stable', 'canary'].map((subset) => ({ name: subset, labels })),
      },
    },
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata,
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'app', image }] } },
        strategy: { canary: { trafficRouting: { istio }, scaleDownDelaySeconds: 1, steps } },
      },
    },
  ];
  return objects;
}

/** Makes them, with all that they refer to; nobody need drive them yet. */
export function createFleet(real: Real, { names, steps }: Fleet, image: string): Promise<void> {
  return forAll(names, async (name) => {
    for (const object of objectsOf(name, image, steps)) await real.post(object);
  });
}

export function updateFleet(
  { client, namespace }: Real,
  { names }: Fleet,
  image: string,
): Promise<void> {
  return forAll(names, async (name) => {
    const path = '/spec/template/spec/containers/0/image';
    const body = [{ op: 'replace', path, value: image }];
    await client.patch({ resource: ROLLOUTS, namespace, name }, { type: 'json', body });
  });
}

/** All of them, with that image and nothing left to do. */
export async function isFleetHealthy({ client, namespace }: Real, image: string): Promise<boolean> {
  const { items } = await client.listAll<Rollout>(ROLLOUTS, { namespace });
  return items.every(
    ({ metadata, spec, status }) =>
      status?.phase === 'Healthy' &&
      status.observedGeneration === String(metadata.generation) &&
      status.stableRS === status.currentPodHash &&
      spec.template?.spec?.containers?.[0]?.image === image,
  );
}
