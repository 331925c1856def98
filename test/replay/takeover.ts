// Loads what the reference left behind at a rest point into a cluster of ours, as if its controller had just been replaced.
// Entry point: `loadRest`.
import type { Json, KubeObject, OwnerReference } from '../../src/api/object.ts';
import { objectPath, collectionPath } from '../../src/kube/paths.ts';
import { instant, type Instant, milliseconds, later, parseInstant } from '../../src/lib/time.ts';
import type { Cluster } from '../support/cluster.ts';
import { post, resourceOf } from '../support/objects.ts';
import type { Trace } from './trace.ts';

/** An object as it was stored. */
export interface Stored extends KubeObject {
  readonly spec?: Json;
  readonly status?: Json;
}

/** `NAME.objects.json`. */
export interface Remains {
  readonly name: string;
  readonly rest: readonly {
    readonly after: 'create' | number;
    readonly objects: readonly Stored[];
  }[];
}

/** Where objects are loaded: the sandbox, or a real API server. */
type Place = Pick<Cluster, 'client' | 'advance'>;

/** How long loading may take; the objects' moments are then in the past. */
const LOADING_MS = 30_000;
/** How long nothing had changed when the objects were recorded. */
const QUIET_MS = 2500;
/** Kinds whose order of creation counts, and how far apart they are made. */
const IN_TURN: ReadonlySet<string> = new Set(['ReplicaSet', 'AnalysisRun', 'Experiment']);
const IN_TURN_MS = 1000;

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** The latest moment that an object tells of; deadlines lie ahead and do not count. */
function latestMoment(value: unknown, found = 0): number {
  if (typeof value === 'string') {
    return MOMENT.test(value) ? Math.max(found, parseInstant(value) ?? 0) : found;
  }
  if (typeof value !== 'object' || value === null) return found;
  return Object.entries(value).reduce(
    (latest, [name, one]) =>
      /deadline|restartAt|resumeAt/i.test(name) ? latest : latestMoment(one, latest),
    found,
  );
}

/** The moment at which the objects were as they are. */
export function momentOf(objects: readonly Stored[]): Instant {
  return later(instant(latestMoment(objects)), milliseconds(QUIET_MS));
}

/** When a cluster's clock must begin to load them in time. */
export function loadingBegins(objects: readonly Stored[]): Instant {
  return instant(momentOf(objects) - LOADING_MS);
}

/** Posts the objects into the trace's namespace, owners first, and lets pods come; time is then as it was when they were recorded. */
export async function loadRest(
  cluster: Cluster,
  trace: Trace,
  { objects, index }: { readonly objects: readonly Stored[]; readonly index: number },
): Promise<void> {
  await loadObjects(cluster, trace, { objects, index });
  await cluster.clock.advanceTo(momentOf(objects));
}

/** Posts them into the namespace of the trace, which is there. */
export async function loadObjects(
  cluster: Place,
  trace: Trace,
  { objects, index }: { readonly objects: readonly Stored[]; readonly index: number },
): Promise<void> {
  const { client } = cluster;
  const { namespace } = trace;
  for (const one of unrecorded(trace, objects, index)) await post(client, namespace, one);
  const loader = new Loader(cluster, namespace);
  const open = objects.toSorted((a, b) =>
    (a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? -1 : 1,
  );
  for (let left = open; left.length > 0; ) {
    const ready = left.filter((one) => loader.hasOwners(one));
    if (ready.length === 0)
      throw new Error(
        `${trace.name}: owners are missing of ${left.map(({ metadata }) => metadata.name).join(', ')}`,
      );
    for (const one of ready) await loader.load(one);
    left = left.filter((one) => !ready.includes(one));
  }
}

/** Kinds that a trace records, as far as they are there. Others are as their user made them. */
const RECORDED: ReadonlySet<string> = new Set([
  'Rollout',
  'ReplicaSet',
  'AnalysisRun',
  'Experiment',
  'Service',
  'VirtualService',
  'DestinationRule',
  'Deployment',
]);

function unrecorded(
  { manifests, actions }: Trace,
  _objects: readonly Stored[],
  index: number,
): readonly KubeObject[] {
  const created = actions.slice(0, index).flatMap(({ do: action }) => action.create ?? []);
  return [...manifests, ...created].filter(({ kind }) => !RECORDED.has(kind));
}

class Loader {
  readonly #cluster: Place;
  readonly #namespace: string;
  readonly #uids = new Map<string, string>();

  constructor(cluster: Place, namespace: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
  }

  hasOwners({ metadata }: Stored): boolean {
    return (metadata.ownerReferences ?? []).every(({ uid }) => this.#uids.has(uid));
  }

  async load(object: Stored): Promise<void> {
    const { apiVersion, kind, spec, status, metadata } = object;
    const { uid = '', generation = 1, name, labels, annotations, ownerReferences } = metadata;
    const resource = resourceOf(object);
    const own = {
      name,
      namespace: this.#namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(ownerReferences === undefined ? {} : { ownerReferences: this.#owners(ownerReferences) }),
    };
    const isAged = AGED.has(kind) && generation > 1;
    const body = {
      apiVersion,
      kind,
      metadata: own,
      ...(spec === undefined
        ? {}
        : {
            spec: isAged ? { ...(spec as object), progressDeadlineSeconds: OTHER_DEADLINE } : spec,
          }),
      ...(status === undefined ? {} : { status }),
    };
    // A Deployment makes a set of its own as soon as it can.
    const isDeployed = ownerReferences?.[0]?.kind === 'Deployment';
    if (IN_TURN.has(kind) && !isDeployed) await this.#cluster.advance(IN_TURN_MS);
    const response = await this.#cluster.client.raw(
      'POST',
      collectionPath(resource, this.#namespace),
      { body: body as unknown as Json },
    );
    const created = JSON.parse(response.text) as KubeObject;
    this.#uids.set(uid, created.metadata.uid ?? '');
    const path = objectPath({ resource, namespace: this.#namespace, name });
    if (isAged) await this.#age(path, spec as SpecWithDeadline, generation);
    if (status !== undefined && HAS_STATUS.has(kind))
      await this.#patch(`${path}/status`, { status });
  }

  #owners(references: readonly OwnerReference[]): readonly OwnerReference[] {
    return references.map((one) => ({ ...one, uid: this.#uids.get(one.uid) ?? '' }));
  }

  /** Changes the spec until it has been changed as often as the recorded one, and is the same. */
  async #age(
    path: string,
    { progressDeadlineSeconds = null }: SpecWithDeadline,
    generation: number,
  ): Promise<void> {
    for (let next = 2; next <= generation; next += 1) {
      const seconds = next === generation ? progressDeadlineSeconds : OTHER_DEADLINE + next;
      await this.#patch(path, { spec: { progressDeadlineSeconds: seconds } });
    }
  }

  async #patch(path: string, body: Json): Promise<void> {
    await this.#cluster.client.raw('PATCH', path, {
      body,
      contentType: 'application/merge-patch+json',
    });
  }
}

/** Kinds whose generation counts for us. */
const AGED: ReadonlySet<string> = new Set(['Rollout', 'Deployment']);
const OTHER_DEADLINE = 7000;

interface SpecWithDeadline {
  readonly progressDeadlineSeconds?: number | null;
}

const HAS_STATUS: ReadonlySet<string> = new Set(['Rollout', 'Deployment', 'ReplicaSet']);
