// Carries a decision out: its writes in order up to the first refusal, then the status, each with its events.
import type { Json, KubeObject, ObjectRef } from '../api/object.ts';
import type {
  CreateWrite,
  DeleteWrite,
  EventNote,
  EvictWrite,
  PatchWrite,
  Refusal,
  Write,
} from '../core/decision.ts';
import type { KubeClient } from '../kube/client.ts';
import { ApiError, isNotFound } from '../kube/errors.ts';
import { unreachable } from '../lib/assert.ts';
import { mergePatchOf } from '../lib/merge-patch.ts';
import type { Cancel } from '../lib/ports.ts';

/** What a write left behind: the version to wait for, or the uid that must be gone. */
export type Effect =
  | { readonly kind: 'written'; readonly ref: ObjectRef; readonly resourceVersion: string }
  | { readonly kind: 'deleted'; readonly ref: ObjectRef; readonly uid: string }
  | { readonly kind: 'none' };

/** `what` was tried: `patch services/shop`. */
interface Refused {
  readonly error: Error;
  readonly what: string;
}

/** How carrying out went. `taken` is the object that has the name a create wanted. */
export type Outcome =
  | {
      readonly kind: 'ok';
      readonly effects: readonly Effect[];
      /** The last of the optional writes that was refused. */
      readonly skipped?: Refused;
    }
  | { readonly kind: 'stale'; readonly effects: readonly Effect[]; readonly error: ApiError }
  | { readonly kind: 'taken'; readonly effects: readonly Effect[]; readonly object: KubeObject }
  | {
      readonly kind: 'refused';
      readonly effects: readonly Effect[];
      readonly refusal: Refusal;
    }
  | (Refused & { readonly kind: 'failed'; readonly effects: readonly Effect[] })
  /** The controller ends: what is left is decided anew by the next one. */
  | { readonly kind: 'abandoned'; readonly effects: readonly Effect[] };

export interface ApplyPorts {
  readonly client: KubeClient;
  /** Tells an event of what has just happened; never fails, never waits. */
  readonly tell: (note: EventNote) => void;
  /** Once cancelled nothing more is written. */
  readonly cancel?: Cancel;
}

/**
 * Carries out `writes` in order and stops at the first that is refused.
 *
 * Guarantees: nothing is written from an outdated snapshot (every patch carries the version it was decided
 * on, every delete the uid too); an event is told only after its write. A create whose name is taken by a child
 * of the same owner counts as done, since names of children follow from owner, revision and step.
 */
export async function applyWrites(ports: ApplyPorts, writes: readonly Write[]): Promise<Outcome> {
  const effects: Effect[] = [];
  let skipped: Refused | undefined;
  for (const write of writes) {
    if (ports.cancel?.cancelled === true) return { kind: 'abandoned', effects };
    try {
      const result = await applyOne(ports.client, following(write, effects));
      if (result.kind === 'taken') return { kind: 'taken', effects, object: result.object };
      effects.push(result);
      for (const note of write.events) ports.tell(note);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (error instanceof ApiError && error.reason === 'Conflict') {
        return { kind: 'stale', effects, error };
      }
      const refusal = refusalTold(write, error);
      if (refusal !== undefined) return { kind: 'refused', effects, refusal };
      if (!isOptional(write, error)) {
        return { kind: 'failed', effects, error, what: nameOf(write) };
      }
      skipped = { error, what: nameOf(write) };
    }
  }
  return { kind: 'ok', effects, ...(skipped === undefined ? {} : { skipped }) };
}

/** Without an answer nobody knows what will become of the writes after it. */
function isOptional(write: Write, error: Error): boolean {
  return write.kind === 'patch' && write.isOptional === true && error instanceof ApiError;
}

const FOR_GOOD: ReadonlySet<string> = new Set(['Invalid', 'Forbidden', 'BadRequest']);

/** A create that will not go better without somebody's doing: an object or a quota must change first. */
function refusalTold(write: Write, error: Error): Refusal | undefined {
  if (write.kind !== 'create' || !(error instanceof ApiError)) return undefined;
  if (!FOR_GOOD.has(error.reason)) return undefined;
  const { kind, metadata } = write.object;
  return { kind, name: metadata.name, message: error.message };
}

/** A write in short, for the log. */
export function nameOf({ kind, ref }: Write): string {
  return `${kind} ${ref.resource.plural}/${ref.name}`;
}

type OneResult = Effect | { readonly kind: 'taken'; readonly object: KubeObject };

/** A second write to the same object in one pass is made on what the first one left. */
function following(write: Write, effects: readonly Effect[]): Write {
  if (write.kind !== 'patch' && write.kind !== 'delete') return write;
  const own = effects.findLast(
    (effect) => effect.kind !== 'none' && isSameRef(effect.ref, write.ref),
  );
  return own?.kind === 'written' ? { ...write, resourceVersion: own.resourceVersion } : write;
}

function isSameRef(a: ObjectRef, b: ObjectRef): boolean {
  return (
    a.name === b.name &&
    a.namespace === b.namespace &&
    a.resource.plural === b.resource.plural &&
    a.resource.group === b.resource.group
  );
}

function applyOne(client: KubeClient, write: Write): Promise<OneResult> {
  switch (write.kind) {
    case 'create':
      return create(client, write);
    case 'patch':
      return patch(client, write);
    case 'delete':
      return remove(client, write);
    case 'evict':
      return evict(client, write);
    default:
      return unreachable(write);
  }
}

function written(ref: ObjectRef, object: KubeObject): Effect {
  return { kind: 'written', ref, resourceVersion: object.metadata.resourceVersion ?? '' };
}

function controllerOf(object: KubeObject): string | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid;
}

async function create(client: KubeClient, write: CreateWrite): Promise<OneResult> {
  try {
    return written(write.ref, await client.create(write.ref.resource, write.object));
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
    const existing = await client.get(write.ref);
    const isOurs = controllerOf(existing) === controllerOf(write.object);
    return isOurs ? written(write.ref, existing) : { kind: 'taken', object: existing };
  }
}

type JsonRecord = { readonly [key: string]: Json };

function isRecord(value: Json | undefined): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The patch with its precondition: refused with 409 unless the object is still at `resourceVersion`. */
function guarded(write: PatchWrite): Json {
  const { type, body } = write.patch;
  if (type === 'json') {
    const guard = { op: 'test', path: '/metadata/resourceVersion', value: write.resourceVersion };
    return Array.isArray(body) ? [guard, ...body] : body;
  }
  if (!isRecord(body)) return body;
  const metadata = isRecord(body['metadata']) ? body['metadata'] : {};
  return { ...body, metadata: { ...metadata, resourceVersion: write.resourceVersion } };
}

/** Throws the refusal that a stale write gets. */
async function requireOwner(
  client: KubeClient,
  { ref, uid }: NonNullable<PatchWrite['onlyWhile']>,
): Promise<void> {
  const { metadata } = await client.get(ref).catch((error: unknown) => {
    if (isNotFound(error)) return { metadata: undefined };
    throw error;
  });
  if (metadata?.uid === uid && metadata.deletionTimestamp === undefined) return;
  const message = `${ref.resource.plural} "${ref.name}" is no longer the one that was decided on`;
  throw new ApiError({ reason: 'Conflict', message }, 409);
}

async function patch(client: KubeClient, write: PatchWrite): Promise<Effect> {
  if (write.onlyWhile !== undefined) await requireOwner(client, write.onlyWhile);
  try {
    const object = await client.patch<KubeObject>(write.ref, {
      type: write.patch.type,
      body: guarded(write),
      ...(write.subresource === undefined ? {} : { subresource: write.subresource }),
    });
    return written(write.ref, object);
  } catch (error) {
    if (write.mayBeGone === true && isNotFound(error)) return { kind: 'none' };
    throw error;
  }
}

async function remove(client: KubeClient, write: DeleteWrite): Promise<Effect> {
  try {
    const { uid, resourceVersion } = write;
    await client.delete(write.ref, { uid, resourceVersion, propagationPolicy: 'Background' });
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'NotFound') throw error;
  }
  return { kind: 'deleted', ref: write.ref, uid: write.uid };
}

const TOO_MANY_REQUESTS = 429;

async function evict(client: KubeClient, { ref, uid }: EvictWrite): Promise<Effect> {
  const body = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: {
      name: ref.name,
      ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
    },
    deleteOptions: { preconditions: { uid } },
  };
  try {
    await client.createSubresource(ref, 'eviction', body);
  } catch (error) {
    // A disruption budget says "not now": the next pass asks again.
    const isRefused = error instanceof ApiError && error.code === TOO_MANY_REQUESTS;
    const isGone = error instanceof ApiError && error.reason === 'NotFound';
    if (!isRefused && !isGone) throw error;
  }
  return { kind: 'none' };
}

/**
 * Writes the difference between the stored and the decided status as one merge patch; nothing if there is
 * none. Members that did not change are not sent, so what a user wrote meanwhile elsewhere survives; the
 * version precondition refuses it if the object is not the one that was decided on.
 */
export async function writeStatus(
  client: KubeClient,
  target: {
    readonly ref: ObjectRef;
    readonly resourceVersion: string;
    readonly hasSubresource: boolean;
  },
  status: { readonly before: unknown; readonly after: unknown },
): Promise<Effect> {
  const change = mergePatchOf(status.before ?? {}, status.after);
  if (change === undefined) return { kind: 'none' };
  const object = await client.patch<KubeObject>(target.ref, {
    type: 'merge',
    body: {
      metadata: { resourceVersion: target.resourceVersion },
      status: change as Json,
    },
    ...(target.hasSubresource ? { subresource: 'status' as const } : {}),
  });
  return written(target.ref, object);
}
