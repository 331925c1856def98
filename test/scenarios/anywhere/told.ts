// What the stories of this folder are told with: they wait for what comes, never for a time to pass, so that they hold on
// the virtual clock and in real time.
import type { Pod } from '../../../src/api/kubernetes.ts';
import type { Json, KubeObject } from '../../../src/api/object.ts';
import { PODS, virtualServices } from '../../../src/api/resources.ts';
import type { CanaryStep, Rollout } from '../../../src/api/rollout.ts';
import { SUBSET } from '../../sim/kinds.ts';
import { isHealthy, isPaused, type WebAnywhere, type WebOptions } from '../web.ts';

export interface Story {
  /** A rule, as tests are named. */
  readonly name: string;
  readonly options: Pick<WebOptions, 'strategy' | 'replicas' | 'objects' | 'spec' | 'workloadRef'>;
  tell(web: WebAnywhere): Promise<void>;
}

export const STOP: CanaryStep = { pause: {} };

/** Nobody can pull it, so its pods never become ready. */
export const BAD_IMAGE = 'app:does-not-exist';

export async function begun(web: WebAnywhere, image = 'app:v2'): Promise<void> {
  await web.until('healthy', isHealthy);
  await web.setImage(image);
}

export async function paused(web: WebAnywhere, index: number): Promise<void> {
  await web.until(
    `paused at step ${index}`,
    (rollout) => isPaused(rollout) && rollout.status?.currentStepIndex === index,
  );
}

/** The revision that the controller has seen last is there. */
export async function pausedAnew(web: WebAnywhere): Promise<void> {
  await web.until('paused', (rollout) => isPaused(rollout) && isSeen(rollout));
}

export async function healthy(web: WebAnywhere): Promise<void> {
  await web.until(
    'healthy again',
    (rollout) =>
      isHealthy(rollout) &&
      isSeen(rollout) &&
      rollout.status?.stableRS === rollout.status?.currentPodHash,
  );
}

export async function degraded(web: WebAnywhere): Promise<void> {
  await web.until('degraded', (rollout) => rollout.status?.phase === 'Degraded' && isSeen(rollout));
}

/** The new template has been seen: from now on there is an update to be promoted or aborted. */
export async function updating(web: WebAnywhere): Promise<void> {
  await web.until(
    'amid an update',
    (rollout) => isSeen(rollout) && rollout.status?.stableRS !== rollout.status?.currentPodHash,
  );
}

function isSeen({ status, metadata }: Rollout): boolean {
  return status?.observedGeneration === String(metadata.generation);
}

/** Waits until the sets want so many pods, by image. */
export async function sized(
  web: WebAnywhere,
  sizes: Readonly<Record<string, number>>,
): Promise<void> {
  const wanted = Object.entries(sizes);
  let seen: Readonly<Record<string, number>> = {};
  await web.until(`sizes ${JSON.stringify(sizes)}`, async () => {
    seen = await web.sizes();
    return wanted.every(([image, count]) => (seen[image] ?? 0) === count);
  });
}

interface Routes extends KubeObject {
  readonly spec: {
    readonly http: readonly {
      readonly name?: string;
      readonly route: readonly { readonly weight?: number }[];
    }[];
  };
}

/** Routes of the VirtualService with their weights: `primary 100/0`. */
export async function routesOf({ client, namespace }: WebAnywhere): Promise<readonly string[]> {
  const resource = virtualServices('v1beta1');
  const { spec } = await client.get<Routes>({ resource, namespace, name: 'web' });
  return spec.http.map(
    ({ name = '', route }) => `${name} ${route.map(({ weight }) => weight ?? '-').join('/')}`,
  );
}

/** Waits until the routes are so: the status may be a write ahead of them. */
export async function routed(web: WebAnywhere, ...routes: readonly string[]): Promise<void> {
  await web.until(`routes ${routes.join(', ')}`, async () => {
    return JSON.stringify(await routesOf(web)) === JSON.stringify(routes);
  });
}

/** A canary that moves traffic by subsets of a DestinationRule. */
export function subset(steps: readonly CanaryStep[], more: object = {}): Story['options'] {
  const { canary } = SUBSET.strategy;
  const trafficRouting = { ...canary?.trafficRouting, ...more };
  return {
    objects: SUBSET.objects,
    replicas: 4,
    strategy: { canary: { ...canary, steps, trafficRouting, scaleDownDelaySeconds: 1 } },
  };
}

/** Pods of an image that are not on their way out. */
export async function podsOf(web: WebAnywhere, image: string): Promise<readonly Pod[]> {
  const { client, namespace } = web;
  const { items } = await client.list<Pod>(PODS, { namespace });
  return items.filter(
    ({ metadata, spec }) =>
      metadata.deletionTimestamp === undefined && spec.containers?.[0]?.image === image,
  );
}

/** An AnalysisTemplate whose one metric has that provider. */
export function template(name: string, metric: Readonly<Record<string, Json>>): KubeObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name },
    spec: { args: [{ name: 'value', value: '0' }], metrics: [{ name, ...metric }] },
  } as KubeObject;
}

/** A metric that runs a command in a Job. */
export function commanded(command: string): Readonly<Record<string, Json>> {
  const containers = [{ name: 'main', image: 'check:v1', command: ['sh', '-c', command] }];
  const spec = { template: { spec: { restartPolicy: 'Never', containers } }, backoffLimit: 0 };
  return { provider: { job: { spec } } };
}
