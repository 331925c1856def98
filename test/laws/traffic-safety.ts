// What must hold after every single write of the controller (design.md "Traffic safety"): the checkers of the
// simulation, on the stand of a story. And where its traffic goes. Entry point: `watchSafety`.
import type { ReplicaSet, Service } from '../../src/api/kubernetes.ts';
import { HASH_LABEL } from '../../src/api/names.ts';
import type { KubeObject } from '../../src/api/object.ts';
import {
  destinationRules,
  REPLICA_SETS,
  ROLLOUTS,
  SERVICES,
  virtualServices,
} from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import type { Destination, DestinationRule, Route } from '../../src/core/traffic/istio-objects.ts';
import { type Store, storeKey } from '../../src/sandbox/apiserver/store.ts';
import { textOf, watchPromises } from '../sim/checkers/watch.ts';
import { MESH, ROLLOUT } from './stand/manifests.ts';
import { NAMESPACE, type Stand } from './stand/stand.ts';

interface VirtualService extends KubeObject {
  readonly spec: { readonly http: readonly Route[] };
}

const KEYS = {
  rollouts: storeKey(ROLLOUTS),
  sets: storeKey(REPLICA_SETS),
  services: storeKey(SERVICES),
  routes: storeKey(virtualServices('v1beta1')),
  rules: storeKey(destinationRules('v1beta1')),
};

/** The objects of a story at one moment. */
export interface Scene {
  readonly rollout: Rollout | undefined;
  readonly sets: readonly ReplicaSet[];
  readonly services: readonly Service[];
  readonly route: VirtualService | undefined;
  readonly rule: DestinationRule | undefined;
}

export function sceneOf(store: Store): Scene {
  return {
    rollout: store.get(KEYS.rollouts, NAMESPACE, ROLLOUT) as Rollout | undefined,
    sets: store.list(KEYS.sets, NAMESPACE) as readonly ReplicaSet[],
    services: store.list(KEYS.services, NAMESPACE) as readonly Service[],
    route: store.get(KEYS.routes, NAMESPACE, MESH) as VirtualService | undefined,
    rule: store.get(KEYS.rules, NAMESPACE, MESH),
  };
}

export function managedRoute({ route }: Scene): Route | undefined {
  return route?.spec.http.find(({ name }) => name === 'primary');
}

/** The hash that a destination selects; undefined if it selects pods of every version. */
function hashOf(scene: Scene, { destination }: Destination): string | undefined {
  const { host = '', subset } = destination ?? {};
  if (subset !== undefined) {
    const found = scene.rule?.spec?.subsets?.find(({ name }) => name === subset);
    return found?.labels?.[HASH_LABEL];
  }
  const service = scene.services.find(({ metadata }) => metadata.name === host);
  return service?.spec.selector?.[HASH_LABEL];
}

/** Weight by hash, of the destinations that name one. */
export function sharesOf(scene: Scene): ReadonlyMap<string, number> {
  const shares = new Map<string, number>();
  for (const destination of managedRoute(scene)?.route ?? []) {
    const hash = hashOf(scene, destination);
    if (hash === undefined) continue;
    shares.set(hash, (shares.get(hash) ?? 0) + (destination.weight ?? 0));
  }
  return shares;
}

/** Watches what writes of the controller break; those of users and pods only change what the next is compared with. */
export function watchSafety(stand: Stand): () => readonly string[] {
  const broken = watchPromises({
    store: stand.store,
    author: () => (stand.isPassing ? 'controller' : 'other'),
    now: () => stand.now,
  });
  return () => broken.map(textOf);
}
