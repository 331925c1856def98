// Loads what the reference left behind at a rest point into a cluster of ours, as if its controller had just been replaced.
// Entry points: `loadRest`, and `loadObjects` with `bringToNow` where time cannot be set.
import type { Json, KubeObject, OwnerReference } from '../../src/api/object.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { objectPath, collectionPath } from '../../src/kube/paths.ts';
import {
  formatInstant,
  instant,
  type Instant,
  later,
  milliseconds,
  parseInstant,
} from '../../src/lib/time.ts';
import type { Cluster } from '../support/cluster.ts';
import { post, resourceOf } from '../support/objects.ts';
import type { Stage } from './stage.ts';
import { RECORDED, type Trace } from './trace.ts';

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
type Place = Pick<Stage, 'client' | 'namespace' | 'advance'>;

/** How long loading may take; the objects' moments are then in the past. */
const LOADING_MS = 30_000;
/** How long nothing had changed when the objects were recorded. */
const QUIET_MS = 2500;
/** Kinds whose order of creation counts, and how far apart they are made. */
const IN_TURN: ReadonlySet<string> = new Set(['ReplicaSet', 'AnalysisRun', 'Experiment']);
const IN_TURN_MS = 1000;

const MOMENTS = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g;
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

/** What was left behind at a rest point. */
interface Left {
  readonly trace: Trace;
  readonly objects: readonly Stored[];
  readonly index: number;
}

/** Posts the objects into the namespace, owners first, and lets pods come; time is then as it was when they were recorded. */
export async function loadRest(
  { clock }: Pick<Cluster, 'clock'>,
  stage: Place,
  left: Left,
): Promise<void> {
  await loadObjects(stage, left);
  await clock.advanceTo(momentOf(left.objects));
}

/** Posts them into the namespace, which is there. */
export async function loadObjects(place: Place, { trace, objects, index }: Left): Promise<void> {
  const { client, namespace } = place;
  for (const one of unrecorded(trace, index)) await post(client, namespace, one);
  const loader = new Loader(place);
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

/** Where time cannot be set: moves the moments that objects tell of, so that they were recorded just now. */
export async function bringToNow(
  { client, namespace, clock }: Place & Pick<Stage, 'clock'>,
  objects: readonly Stored[],
): Promise<void> {
  const by = clock.now() - momentOf(objects);
  await Promise.all(
    objects.map(async (object) => {
      const { metadata, status, apiVersion, kind } = object;
      const path = objectPath({ resource: resourceOf(object), namespace, name: metadata.name });
      const { annotations } = metadata;
      if (tellsOfTime(annotations)) {
        await patch(client, path, { metadata: { annotations: moved(annotations, by) } });
      }
      // The status of other kinds is their own controllers' to tell.
      if (!apiVersion.startsWith('argoproj.io/') || !tellsOfTime(status)) return;
      const part = HAS_STATUS.has(kind) ? `${path}/status` : path;
      await patch(client, part, { status: moved(status, by) });
    }),
  );
}

function tellsOfTime(value: unknown): value is Json {
  return value !== undefined && JSON.stringify(value).search(MOMENTS) >= 0;
}

function moved(value: Json, by: number): Json {
  const text = JSON.stringify(value).replaceAll(MOMENTS, (moment) =>
    formatInstant(instant((parseInstant(moment) ?? 0) + by)),
  );
  return JSON.parse(text) as Json;
}

async function patch(client: KubeClient, path: string, body: Json): Promise<void> {
  await client.raw('PATCH', path, { body, contentType: 'application/merge-patch+json' });
}

function unrecorded({ manifests, actions }: Trace, index: number): readonly KubeObject[] {
  const created = actions.slice(0, index).flatMap(({ do: action }) => action.create ?? []);
  return [...manifests, ...created].filter(({ kind }) => !RECORDED.has(kind));
}

class Loader {
  readonly #place: Place;
  readonly #uids = new Map<string, string>();
  readonly #made = new Set<string>();

  constructor(place: Place) {
    this.#place = place;
  }

  hasOwners({ metadata }: Stored): boolean {
    return (metadata.ownerReferences ?? []).every(({ uid }) => this.#uids.has(uid));
  }

  async load(object: Stored): Promise<void> {
    const { kind, status, metadata } = object;
    const { client, namespace } = this.#place;
    const { uid = '', generation = 1, name, ownerReferences } = metadata;
    const resource = resourceOf(object);
    const isAged = AGED.has(kind) && generation > 1;
    // A Deployment makes a set of its own as soon as it can.
    const isDeployed = ownerReferences?.[0]?.kind === 'Deployment';
    if (!isDeployed) await this.#awaitTurn(kind);
    this.#uids.set(uid, await this.#create(object, isAged));
    const path = objectPath({ resource, namespace, name });
    if (isAged) await this.#age(path, object.spec as SpecWithDeadline, generation);
    if (status !== undefined && HAS_STATUS.has(kind)) {
      await patch(client, `${path}/status`, { status });
    }
  }

  /** Objects of a kind whose order counts are made in different seconds. */
  async #awaitTurn(kind: string): Promise<void> {
    if (!IN_TURN.has(kind)) return;
    if (this.#made.has(kind)) await this.#place.advance(IN_TURN_MS);
    this.#made.add(kind);
  }

  /** The uid that it has got. */
  async #create(object: Stored, isAged: boolean): Promise<string> {
    const { client, namespace } = this.#place;
    const { apiVersion, kind, status, metadata } = object;
    const { name, labels, annotations, ownerReferences } = metadata;
    const spec = specOf(object);
    const own = {
      name,
      namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(ownerReferences === undefined ? {} : { ownerReferences: this.#owners(ownerReferences) }),
    };
    const body = {
      apiVersion,
      kind,
      metadata: own,
      ...(spec === undefined
        ? {}
        : { spec: isAged ? { ...spec, progressDeadlineSeconds: OTHER_DEADLINE } : spec }),
      ...(status === undefined ? {} : { status }),
    };
    const resource = resourceOf(object);
    try {
      const { text } = await client.raw('POST', collectionPath(resource, namespace), {
        body: body as unknown as Json,
      });
      return (JSON.parse(text) as KubeObject).metadata.uid ?? '';
    } catch (error) {
      // A Deployment has made its set before we could.
      if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
      return (await client.get({ resource, namespace, name })).metadata.uid ?? '';
    }
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
      await patch(this.#place.client, path, { spec: { progressDeadlineSeconds: seconds } });
    }
  }
}

/** Addresses that the server of the recording gave out are perhaps somebody else's here. */
function specOf({ kind, spec }: Stored): object | undefined {
  if (kind !== 'Service') return spec as object | undefined;
  const { clusterIP: _one, clusterIPs: _all, ...rest } = spec as Readonly<Record<string, Json>>;
  return rest;
}

/** Kinds whose generation counts for us. */
const AGED: ReadonlySet<string> = new Set(['Rollout', 'Deployment']);
const OTHER_DEADLINE = 7000;

interface SpecWithDeadline {
  readonly progressDeadlineSeconds?: number | null;
}

/** Kinds with a status of its own that nobody writes here; sets and Deployments have their controllers. */
const HAS_STATUS: ReadonlySet<string> = new Set(['Rollout']);
