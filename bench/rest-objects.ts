// Rollouts that rest, as bench/rest.ts stores them: one is brought to rest in the sandbox, with a version behind it, and is
// the model of all.
import type { Json, KubeObject } from '../src/api/object.ts';
import {
  destinationRules,
  REPLICA_SETS,
  ROLLOUTS,
  SERVICES,
  virtualServices,
} from '../src/api/resources.ts';
import type { Rollout } from '../src/api/rollout.ts';
import type { KubeClient } from '../src/kube/client.ts';
import { type Cluster, startCluster } from '../test/support/cluster.ts';
import { post } from '../test/support/objects.ts';
import { benchObjects } from './cluster-objects.ts';

const NAME = 'model';
const NAMESPACE = 'default';
const REF = { resource: ROLLOUTS, namespace: NAMESPACE, name: NAME };
const PATIENCE_S = 600;
/** Longer than any delay after an update. */
const REST_MS = 60_000;
const ISTIO = 'v1beta1';
/** Kinds in the order in which they are made; of those with a status it is stored by a request of its own. */
const KINDS = [
  { resource: SERVICES, hasStatus: false },
  { resource: virtualServices(ISTIO), hasStatus: false },
  { resource: destinationRules(ISTIO), hasStatus: false },
  { resource: ROLLOUTS, hasStatus: true },
  { resource: REPLICA_SETS, hasStatus: true },
] as const;

interface Stored extends KubeObject {
  readonly spec?: { readonly [field: string]: Json };
  readonly status?: { readonly [field: string]: Json };
}

interface Kept {
  readonly kind: (typeof KINDS)[number];
  readonly object: Stored;
}

/** Everything of one Rollout whose second version is stable. */
export type Model = readonly Kept[];

export async function modelAtRest(replicas: number): Promise<Model> {
  const cluster = await startCluster({ seed: 'rest' });
  try {
    for (const object of benchObjects(NAME, { namespace: NAMESPACE, replicas })) {
      // A template that is the same for all, so that its hash is, too.
      const text = JSON.stringify(object).replaceAll(`"app":"${NAME}"`, '"app":"fleet"');
      await post(cluster.client, NAMESPACE, JSON.parse(text) as KubeObject);
    }
    await untilHealthy(cluster, 'app:v1');
    const path = '/spec/template/spec/containers/0/image';
    const body: Json = [{ op: 'replace', path, value: 'app:v2' }];
    await cluster.client.patch(REF, { type: 'json', body });
    await untilHealthy(cluster, 'app:v2');
    await cluster.advance(REST_MS);
    const all: Kept[] = [];
    for (const kind of KINDS) {
      const { items } = await cluster.client.listAll<Stored>(kind.resource, {
        namespace: NAMESPACE,
      });
      const own = items.filter(({ metadata }) => metadata.name.startsWith(NAME));
      all.push(...own.map((object) => ({ kind, object: { ...identity(kind), ...object } })));
    }
    return all;
  } finally {
    await cluster.stop();
  }
}

/** Items of a list do not say what they are. */
function identity({ resource: { group, version, kind } }: (typeof KINDS)[number]) {
  return { apiVersion: group === '' ? version : `${group}/${version}`, kind };
}

async function untilHealthy(cluster: Cluster, image: string): Promise<void> {
  for (let second = 0; second < PATIENCE_S; second += 1) {
    const { metadata, spec, status } = await cluster.client.get<Rollout>(REF);
    const isSeen = status?.observedGeneration === String(metadata.generation);
    const isIts = spec.template?.spec?.containers?.[0]?.image === image;
    if (isSeen && isIts && status.phase === 'Healthy') return;
    await cluster.advance(1000);
  }
  throw new Error(`the model with ${image} never becomes Healthy`);
}

/** Stores it under that name, as it would have come to be there. */
export async function storeAtRest(
  client: KubeClient,
  model: Model,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<void> {
  let owner = '';
  for (const { kind, object } of model) {
    const text = JSON.stringify(object).replaceAll(`"${NAME}"`, `"${name}"`);
    const renamed = JSON.parse(text.replaceAll(`"${NAME}-`, `"${name}-`)) as Stored;
    const { status, ...wanted } = asNew(renamed, namespace, owner);
    const { metadata } = await client.create(kind.resource, wanted);
    if (kind.resource === ROLLOUTS) owner = metadata.uid ?? '';
    if (!kind.hasStatus || status === undefined) continue;
    const ref = { resource: kind.resource, namespace, name: metadata.name };
    const body = { status: { ...status, observedGeneration: firstOf(kind) } };
    await client.patch(ref, { type: 'merge', subresource: 'status', body });
  }
}

/** Without what the server gives, owned by the Rollout of that uid. */
function asNew({ metadata, spec, ...rest }: Stored, namespace: string, owner: string): Stored {
  const { name, labels, annotations, ownerReferences } = metadata;
  const { clusterIP: _one, clusterIPs: _all, ...kept } = spec ?? {};
  return {
    ...rest,
    metadata: {
      name,
      namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(ownerReferences === undefined
        ? {}
        : { ownerReferences: ownerReferences.map((one) => ({ ...one, uid: owner })) }),
    },
    spec: kept,
  };
}

/** The generation of what is created, as a status of that kind has it. */
function firstOf({ resource }: (typeof KINDS)[number]): string | number {
  return resource === ROLLOUTS ? '1' : 1;
}
