// A small rollout `web` on the virtual clock: its Services, what a user does to it, and what is seen of it.
import type { ReplicaSet, Service } from '../../src/api/kubernetes.ts';
import { EXPERIMENT_NAME, HASH_LABEL } from '../../src/api/names.ts';
import type { Json, KubeObject } from '../../src/api/object.ts';
import { ROLLOUTS, SERVICES } from '../../src/api/resources.ts';
import type { Rollout, RolloutSpec } from '../../src/api/rollout.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { HttpRequest } from '../../src/lib/ports.ts';
import { type Cluster, type ClusterOptions, withCluster } from '../support/cluster.ts';
import { runPlugin } from '../support/command-line.ts';
import { post } from '../support/objects.ts';
import { passUntil } from './story.ts';

const NAMESPACE = 'default';
const LABELS = { app: 'web' };

export type Strategy = NonNullable<RolloutSpec['strategy']>;

export interface WebOptions extends ClusterOptions {
  readonly strategy: Strategy;
  readonly replicas?: number;
  readonly image?: string;
  /** Where template and selector come from; from the Rollout itself if absent. */
  readonly workloadRef?: NonNullable<RolloutSpec['workloadRef']>;
  /** Fields of the spec beside these. */
  readonly spec?: Partial<RolloutSpec>;
  /** Objects that are there before the Rollout, Services `web-active` and `web-preview` apart. */
  readonly objects?: readonly KubeObject[];
}

export interface Web extends WebAnywhere {
  readonly cluster: Cluster;
  /** Writes of the controller, events left out. */
  readonly writes: readonly HttpRequest[];
  seconds(count: number): Promise<void>;
  /** Its ReplicaSets. */
  sets(): readonly ReplicaSet[];
  sizes(): Readonly<Record<string, number>>;
  told(reason: string): readonly string[];
}

/** What is done and seen alike on the virtual clock and on a real API server (test/cluster). */
export interface WebAnywhere {
  readonly client: KubeClient;
  readonly namespace: string;
  run(...args: string[]): Promise<void>;
  patch(body: Json): Promise<void>;
  setImage(image: string): Promise<void>;
  rollout(): Promise<Rollout>;
  until(what: string, holds: (rollout: Rollout) => boolean | Promise<boolean>): Promise<void>;
  /** As `until`, also where there is no Rollout any more. */
  eventually(what: string, holds: () => Promise<boolean>): Promise<void>;
  /** Image of the set that the Service names; undefined if it names none. */
  served(service: string): Promise<string | undefined>;
  /** Pods wanted, by image. */
  sizes(): Sizes | Promise<Sizes>;
  /** Texts of events with that reason, in order. */
  told(reason: string): readonly string[] | Promise<readonly string[]>;
}

export type Sizes = Readonly<Record<string, number>>;

export function service(name: string, selector: Readonly<Record<string, string>> = LABELS) {
  const spec = { selector, ports: [{ port: 80, targetPort: 80 }] };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: NAMESPACE }, spec };
}

/** Selector and pod template of an image. */
export function templated(image: string) {
  return {
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: { containers: [{ name: 'app', image, ports: [{ containerPort: 80 }] }] },
    },
  };
}

export function manifest(options: WebOptions): Rollout {
  const { strategy, replicas = 2, image = 'app:v1', spec = {}, workloadRef } = options;
  const source = workloadRef === undefined ? templated(image) : { workloadRef };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: { replicas, ...source, strategy, ...spec },
  };
}

/** Starts it and hands it to `story`; ends it in any case. */
export async function withWeb(
  options: WebOptions,
  story: (web: Web) => Promise<void>,
): Promise<void> {
  const writes: HttpRequest[] = [];
  const started = {
    ...options,
    onRequest: (request: HttpRequest) => {
      options.onRequest?.(request);
      const isWrite = request.method !== 'GET' && !request.path.includes('/events');
      if (isWrite) writes.push(request);
    },
  };
  await withCluster(started, async (cluster) => {
    const objects = [service('web-active'), service('web-preview'), ...(options.objects ?? [])];
    for (const object of objects) await post(cluster.client, NAMESPACE, object);
    await post(cluster.client, NAMESPACE, manifest(options));
    await story(webOn(cluster, writes));
  });
}

function setsOf({ sandbox }: Cluster): readonly ReplicaSet[] {
  return ofRollouts(sandbox.store.list('apps/replicasets', NAMESPACE) as readonly ReplicaSet[]);
}

/** Sets of experiments left out. */
export function ofRollouts(sets: readonly ReplicaSet[]): readonly ReplicaSet[] {
  return sets.filter(({ metadata }) => metadata.annotations?.[EXPERIMENT_NAME] === undefined);
}

export function sizesOf(sets: readonly ReplicaSet[]): Sizes {
  return Object.fromEntries(sets.map((set) => [imageOf(set) ?? '', set.spec.replicas ?? 0]));
}

/** Image of the set whose pods the Service selects. */
export function servedBy({ spec }: Service, sets: readonly ReplicaSet[]): string | undefined {
  const hash = spec.selector?.[HASH_LABEL];
  return imageOf(sets.find((set) => set.metadata.labels?.[HASH_LABEL] === hash));
}

function imageOf(set: ReplicaSet | undefined): string | undefined {
  return set?.spec.template?.spec?.containers?.[0]?.image;
}

export interface Told extends KubeObject {
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
}

function webOn(cluster: Cluster, writes: readonly HttpRequest[]): Web {
  const ref = { resource: ROLLOUTS, namespace: NAMESPACE, name: 'web' };
  const rollout = () => cluster.client.get<Rollout>(ref);
  const run = async (...args: string[]) => {
    const { code, err } = await runPlugin(cluster, NAMESPACE, args);
    if (code !== 0) throw new Error(err);
  };
  return {
    cluster,
    client: cluster.client,
    namespace: NAMESPACE,
    writes,
    run,
    rollout,
    patch: async (body) => {
      await cluster.client.patch(ref, { type: 'merge', body });
    },
    setImage: (image) => run('set', 'image', 'web', `app=${image}`),
    until: (what, holds) => passUntil(cluster, what, async () => holds(await rollout())),
    eventually: (what, holds) => passUntil(cluster, what, holds),
    seconds: (count) => cluster.advance(count * 1000),
    served: async (name) => {
      const found = await cluster.client.get<Service>({
        resource: SERVICES,
        namespace: NAMESPACE,
        name,
      });
      return servedBy(found, setsOf(cluster));
    },
    sets: () => setsOf(cluster),
    sizes: () => sizesOf(setsOf(cluster)),
    told: (reason) =>
      (cluster.sandbox.store.list('/events', NAMESPACE) as readonly Told[])
        .filter((event) => event.reason === reason)
        .map(({ message = '' }) => message),
  };
}

/** How often events of that reason were told, repetitions counted. */
export function timesTold({ cluster }: Pick<Web, 'cluster'>, reason: string): number {
  return (cluster.sandbox.store.list('/events', NAMESPACE) as readonly Told[])
    .filter((event) => event.reason === reason)
    .reduce((sum, { count = 1 }) => sum + count, 0);
}

export function isHealthy({ status }: Rollout): boolean {
  return status?.phase === 'Healthy';
}

export function isPaused({ status }: Rollout): boolean {
  return status?.phase === 'Paused';
}
