// What happened in a namespace in the order in which the server made it so: watches of several kinds, told together by
// the version that every write gets from one counter.
import type { ReplicaSet } from '../../src/api/kubernetes.ts';
import { HASH_LABEL } from '../../src/api/names.ts';
import type { KubeObject, ResourceType } from '../../src/api/object.ts';
import {
  destinationRules,
  REPLICA_SETS,
  ROLLOUTS,
  virtualServices,
} from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import type { KubeClient, WatchEvent } from '../../src/kube/client.ts';
import { cancellation } from '../../src/lib/clock.ts';

interface VirtualService extends KubeObject {
  readonly spec: {
    readonly http: readonly {
      readonly route: readonly {
        readonly destination: { readonly subset?: string };
        readonly weight?: number;
      }[];
    }[];
  };
}

interface DestinationRule extends KubeObject {
  readonly spec: {
    readonly subsets: readonly {
      readonly name: string;
      readonly labels?: Readonly<Record<string, string>>;
    }[];
  };
}

/** Of one name at one moment; names of a Rollout and its route are the same. */
interface World {
  route: VirtualService | undefined;
  rule: DestinationRule | undefined;
  rollout: Rollout | undefined;
  /** By name. */
  readonly sets: Map<string, ReplicaSet>;
}

export interface Course {
  /** Values of the canary's weight, each as often as it was reached. */
  readonly weights: readonly number[];
  /** Values of the status's step while the second revision was current. */
  readonly steps: readonly number[];
  /** Moments at which a route with weight led to no pod. */
  readonly dead: readonly string[];
}

export interface History {
  /** Ends watching; gives each Rollout's course. */
  end(): Promise<ReadonlyMap<string, Course>>;
}

interface Recorded {
  readonly version: bigint;
  readonly kind: string;
  readonly isGone: boolean;
  readonly object: KubeObject;
}

const RESOURCES: readonly ResourceType[] = [
  ROLLOUTS,
  REPLICA_SETS,
  virtualServices('v1beta1'),
  destinationRules('v1beta1'),
];

/** Watches from now on; what is there already is the first of each course. */
export async function watchHistory(client: KubeClient, namespace: string): Promise<History> {
  const recorded: Recorded[] = [];
  const ended = cancellation();
  const watches: Promise<void>[] = [];
  for (const resource of RESOURCES) {
    const { items, resourceVersion } = await client.listAll(resource, { namespace });
    const { kind } = resource;
    for (const object of items) recorded.push({ version: 0n, kind, isGone: false, object });
    watches.push(
      follow(client, { resource, namespace, resourceVersion, cancel: ended.cancel }, (event) => {
        if (event.type === 'BOOKMARK') return;
        const { object } = event;
        const version = BigInt(object.metadata.resourceVersion ?? 0);
        recorded.push({ version, kind, isGone: event.type === 'DELETED', object });
      }),
    );
  }
  return {
    end: async () => {
      ended.now();
      await Promise.all(watches);
      return coursesOf(recorded.toSorted((a, b) => Number(a.version - b.version)));
    },
  };
}

/** A watch that the server ends is taken up where it was; all of it must be seen. */
async function follow(
  client: KubeClient,
  options: {
    readonly resource: ResourceType;
    readonly namespace: string;
    readonly resourceVersion: string;
    readonly cancel: ReturnType<typeof cancellation>['cancel'];
  },
  see: (event: WatchEvent<KubeObject>) => void,
): Promise<void> {
  const { resource, namespace, cancel } = options;
  let { resourceVersion } = options;
  while (!cancel.cancelled) {
    try {
      for await (const event of client.watch(resource, { namespace, resourceVersion, cancel })) {
        const reached =
          event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion;
        resourceVersion = reached ?? resourceVersion;
        see(event);
      }
    } catch (error) {
      if (!cancel.cancelled) throw error;
    }
  }
}

function coursesOf(recorded: readonly Recorded[]): ReadonlyMap<string, Course> {
  const worlds = new Map<string, World>();
  const courses = new Map<string, { weights: number[]; steps: number[]; dead: string[] }>();
  for (const one of recorded) {
    const name = nameOf(one);
    const world = worlds.get(name) ?? {
      route: undefined,
      rule: undefined,
      rollout: undefined,
      sets: new Map<string, ReplicaSet>(),
    };
    worlds.set(name, world);
    apply(world, one);
    const course = courses.get(name) ?? { weights: [], steps: [], dead: [] };
    courses.set(name, course);
    // The first list tells kind after kind: until it is over there is no moment to judge.
    if (one.version === 0n) continue;
    note(course.weights, weightOf(world.route, 'canary'));
    note(course.steps, stepOf(world.rollout));
    for (const subset of deadEnds(world)) course.dead.push(`${subset} at version ${one.version}`);
  }
  return courses;
}

/** Of the Rollout that an object belongs to. */
function nameOf({ object }: Recorded): string {
  const owner = object.metadata.ownerReferences?.find(({ kind }) => kind === 'Rollout');
  return owner?.name ?? object.metadata.name;
}

function apply(world: World, { kind, isGone, object }: Recorded): void {
  if (kind === 'ReplicaSet') {
    if (isGone) world.sets.delete(object.metadata.name);
    else world.sets.set(object.metadata.name, object as ReplicaSet);
  } else if (kind === 'VirtualService') world.route = object as VirtualService;
  else if (kind === 'DestinationRule') world.rule = object as DestinationRule;
  else world.rollout = object as Rollout;
}

function note(values: number[], value: number | undefined): void {
  if (value !== undefined && values.at(-1) !== value) values.push(value);
}

function weightOf(route: VirtualService | undefined, subset: string): number | undefined {
  return route?.spec.http[0]?.route.find(({ destination }) => destination.subset === subset)
    ?.weight;
}

/** Of the update: before its status there is none. */
function stepOf(rollout: Rollout | undefined): number | undefined {
  const { status } = rollout ?? {};
  const isUpdate =
    status?.currentPodHash !== undefined && status.currentPodHash !== status.stableRS;
  return isUpdate ? status.currentStepIndex : undefined;
}

/** Subsets with weight that lead to a set without a pod that takes requests. */
function deadEnds({ route, rule, sets }: World): readonly string[] {
  return ['stable', 'canary'].filter((subset) => {
    if ((weightOf(route, subset) ?? 0) === 0) return false;
    const labels = rule?.spec.subsets.find(({ name }) => name === subset)?.labels;
    const hash = labels?.[HASH_LABEL];
    const set = [...sets.values()].find(({ metadata }) => metadata.labels?.[HASH_LABEL] === hash);
    return (set?.spec.replicas ?? 0) === 0 || (set?.status?.availableReplicas ?? 0) === 0;
  });
}
