// Writes of a kind: create, replace, patch, apply, delete, and the subresources status and scale.
import type { KubeObject } from '../../api/object.ts';
import { NAMESPACES } from '../../api/resources.ts';
import type { HttpResponse, Random } from '../../lib/ports.ts';
import { formatInstant } from '../../lib/time.ts';
import {
  type AdmissionContext,
  admittedChange,
  admittedNew,
  type FieldValidation,
} from './admission.ts';
import { answer } from './answers.ts';
import { afterUpdate, applied, type Conflict } from './apply.ts';
import { type ReadContext, requested, shown } from './collections.ts';
import type { Deleter, Deletion } from './deletion.ts';
import { valueAt, withValueAt } from './json-path.ts';
import { patched, patchType } from './patch.ts';
import { parameter } from './request.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  notAllowed,
  notFound,
  RequestError,
} from './status-error.ts';
import { storeKey } from './store.ts';

export interface WriteContext extends ReadContext {
  readonly random: Random;
  readonly deleter: Deleter;
  readonly body: unknown;
  /** Warnings for the client, filled on the way. */
  readonly warnings: string[];
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function admission(context: WriteContext): AdmissionContext {
  const { kind, random, clock, request, warnings } = context;
  const wanted = parameter(request, 'fieldValidation');
  const fieldValidation: FieldValidation =
    wanted === 'Strict' || wanted === 'Ignore' ? wanted : 'Warn';
  return {
    kind,
    random,
    now: formatInstant(clock.now()),
    namespace: request.namespace,
    fieldValidation,
    warn: (message) => warnings.push(message),
  };
}

function isDryRun({ request }: WriteContext): boolean {
  return request.query.has('dryRun');
}

function managerOf({ request }: WriteContext): string {
  const named = parameter(request, 'fieldManager');
  if (named !== '') return named;
  return (request.headers['user-agent'] ?? 'unknown').split('/')[0] ?? 'unknown';
}

function done(context: WriteContext, status: number, object: unknown): HttpResponse {
  const warnings = context.warnings.map((text) => `299 - ${JSON.stringify(text)}`);
  return answer(status, object, warnings.length === 0 ? {} : { warning: warnings.join(', ') });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The body as an object of this kind. */
function bodyObject({ body, kind, request }: WriteContext): KubeObject {
  if (!isObject(body)) throw badRequest('the request has no object in its body');
  const { resource, versions } = kind;
  const given = textOf(body['apiVersion']);
  const own = versions.map((version) =>
    resource.group === '' ? version : `${resource.group}/${version}`,
  );
  if (given !== '' && !own.includes(given)) {
    const message =
      `the API version in the data (${given}) does not match the expected API version ` +
      `(${own[0] ?? request.version})`;
    throw badRequest(message);
  }
  const name = textOf(body['kind']);
  if (name !== '' && name !== resource.kind) {
    throw badRequest(`the kind of the object (${name}) is not ${resource.kind}`);
  }
  const metadata = isObject(body['metadata']) ? body['metadata'] : {};
  // Checked member by member on the way to the store.
  return {
    ...body,
    apiVersion: own[0] ?? given,
    kind: resource.kind,
    metadata,
  } as unknown as KubeObject;
}

function requireNamespace({ store, kind, request }: WriteContext): void {
  const { namespace } = request;
  if (!kind.resource.namespaced || namespace === undefined) return;
  const found = store.get(storeKey(NAMESPACES), undefined, namespace);
  if (found === undefined) throw notFound(NAMESPACES, namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  const message = `unable to create new content in namespace ${namespace} because it is being terminated`;
  throw new RequestError(403, 'Forbidden', `${kind.resource.plural} is forbidden: ${message}`);
}

export function create(context: WriteContext): HttpResponse {
  const { store, kind } = context;
  requireNamespace(context);
  const object = admittedNew(bodyObject(context), admission(context));
  const { name, namespace } = object.metadata;
  const key = storeKey(kind.resource);
  if (store.get(key, namespace, name) !== undefined) throw alreadyExists(kind.resource, name);
  const stored = isDryRun(context) ? object : store.put(key, object);
  return done(context, 201, shown(context, stored));
}

function subresourceOf({ request }: WriteContext): 'status' | 'scale' | undefined {
  const { subresource } = request;
  if (subresource === undefined || subresource === 'status' || subresource === 'scale') {
    return subresource;
  }
  throw notAllowed();
}

/** Stores `given` in place of `before`; nothing is written if nothing changes. */
function replace(context: WriteContext, before: KubeObject, given: KubeObject): KubeObject {
  const { store, kind } = context;
  const subresource = subresourceOf(context);
  const next = admittedChange(before, given, { ...admission(context), subresource });
  const owned = afterUpdate(before, next, {
    manager: managerOf(context),
    time: admission(context).now,
    keyed: !kind.isCustom,
  });
  if (JSON.stringify(owned) === JSON.stringify(before) || isDryRun(context)) return owned;
  return store.put(storeKey(kind.resource), owned);
}

export function update(context: WriteContext): HttpResponse {
  const before = requested(context);
  if (context.request.subresource === 'scale') return scaleTo(context, before, context.body);
  return done(context, 200, shown(context, replace(context, before, bodyObject(context))));
}

export function patch(context: WriteContext): HttpResponse {
  const { kind, request, body } = context;
  const type = patchType(request.headers['content-type'] ?? '', kind);
  if (type === 'apply') return apply(context);
  const before = requested(context);
  if (request.subresource === 'scale') {
    const scale = scaleOf(context, before) as unknown as KubeObject;
    return scaleTo(context, before, patched(type, scale, body));
  }
  const next = patched(type, before, body);
  return done(context, 200, shown(context, replace(context, before, next)));
}

function conflictText(conflicts: readonly Conflict[]): string {
  const list = conflicts.map(
    ({ manager, field }) => `conflict with ${JSON.stringify(manager)}: ${field}`,
  );
  const count = conflicts.length === 1 ? '1 conflict' : `${conflicts.length} conflicts`;
  return `Apply failed with ${count}: ${list.join('\n')}`;
}

function apply(context: WriteContext): HttpResponse {
  const { store, kind, request, clock } = context;
  const { name = '', namespace } = request;
  const key = storeKey(kind.resource);
  const live = store.get(key, namespace, name);
  if (parameter(request, 'fieldManager') === '') {
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  }
  const config = bodyObject(context);
  const result = applied({
    live,
    config: { ...config, metadata: { ...config.metadata, name } },
    manager: parameter(request, 'fieldManager'),
    force: parameter(request, 'force') === 'true',
    keyed: !kind.isCustom,
    time: formatInstant(clock.now()),
  });
  if (result.conflicts.length > 0) {
    const { plural, group } = kind.resource;
    throw new RequestError(409, 'Conflict', conflictText(result.conflicts), {
      name,
      group,
      kind: plural,
      causes: result.conflicts.map(({ manager, field }) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with ${JSON.stringify(manager)}`,
        field,
      })),
    });
  }
  if (live === undefined) {
    requireNamespace(context);
    const object = admittedNew(result.object, admission(context));
    const stored = isDryRun(context) ? object : store.put(key, object);
    return done(context, 201, shown(context, stored));
  }
  const subresource = subresourceOf(context);
  const next = admittedChange(live, result.object, { ...admission(context), subresource });
  const isSame = JSON.stringify(next) === JSON.stringify(live);
  const stored = isSame || isDryRun(context) ? next : store.put(key, next);
  return done(context, 200, shown(context, stored));
}

/** `autoscaling/v1 Scale` of an object. */
export function scaleOf({ kind }: ReadContext, object: KubeObject): JsonObject {
  if (kind.scale === undefined) throw notAllowed();
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector =
    kind.scale.selector === undefined ? undefined : valueAt(object, kind.scale.selector);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: Number(valueAt(object, kind.scale.spec) ?? 0) },
    status: {
      replicas: Number(valueAt(object, kind.scale.status) ?? 0),
      ...(typeof selector === 'string' ? { selector } : {}),
    },
  };
}

function scaleTo(context: WriteContext, before: KubeObject, scale: unknown): HttpResponse {
  const { kind } = context;
  if (kind.scale === undefined) throw notAllowed();
  const replicas = valueAt(scale, '.spec.replicas') ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 0) {
    const message = `spec.replicas: Invalid value: ${JSON.stringify(replicas)}: must be a whole number, 0 or more`;
    throw new RequestError(
      422,
      'Invalid',
      `Scale "${before.metadata.name}" is invalid: ${message}`,
    );
  }
  const version = valueAt(scale, '.metadata.resourceVersion');
  const given = withValueAt(before, kind.scale.spec, replicas);
  const metadata = {
    ...given.metadata,
    ...(typeof version === 'string' && version !== '' ? { resourceVersion: version } : {}),
  };
  const stored = replace(context, before, { ...given, metadata });
  return done(context, 200, scaleOf(context, stored));
}

interface DeleteBody {
  readonly propagationPolicy?: string;
  readonly orphanDependents?: boolean;
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

function deletionOf({ body, request }: WriteContext): Deletion {
  const given: DeleteBody = isObject(body) ? body : {};
  const policy = given.propagationPolicy ?? parameter(request, 'propagationPolicy');
  const orphans = policy === 'Orphan' || given.orphanDependents === true;
  const grace = given.gracePeriodSeconds ?? parameter(request, 'gracePeriodSeconds');
  return {
    propagation: orphans ? 'Orphan' : policy === 'Foreground' ? 'Foreground' : 'Background',
    graceSeconds: grace === '' ? undefined : Number(grace),
  };
}

function checkPreconditions({ body, kind }: WriteContext, object: KubeObject): void {
  const { preconditions = {} }: DeleteBody = isObject(body) ? body : {};
  const { uid, resourceVersion } = preconditions;
  const { metadata } = object;
  if (uid !== undefined && uid !== metadata.uid) {
    const text = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid ?? ''}`;
    throw conflict(kind.resource, metadata.name, text);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const text =
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ` +
      `ResourceVersion in object meta: ${metadata.resourceVersion ?? ''}`;
    throw conflict(kind.resource, metadata.name, text);
  }
}

export function remove(context: WriteContext): HttpResponse {
  const { kind, deleter, store } = context;
  const object = requested(context);
  checkPreconditions(context, object);
  const { name, namespace, uid } = object.metadata;
  const key = storeKey(kind.resource);
  if (!isDryRun(context)) {
    const left = deleter.delete(key, object, deletionOf(context));
    if (store.get(key, namespace, name) !== undefined)
      return done(context, 200, shown(context, left));
  }
  const { plural, group } = kind.resource;
  return done(context, 200, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(group === '' ? {} : { group }), kind: plural, uid },
  });
}

/** Deletes every object that the request's selectors match. */
export function removeAll(context: WriteContext, objects: readonly KubeObject[]): HttpResponse {
  const { kind, deleter } = context;
  const deletion = deletionOf(context);
  if (!isDryRun(context)) {
    for (const object of objects) deleter.delete(storeKey(kind.resource), object, deletion);
  }
  return done(context, 200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' });
}

/** A pod's eviction is its deletion with grace. */
export function evict(context: WriteContext): HttpResponse {
  const { kind, deleter } = context;
  const object = requested(context);
  const { deleteOptions } = (isObject(context.body) ? context.body : {}) as {
    readonly deleteOptions?: DeleteBody;
  };
  const grace = deleteOptions?.gracePeriodSeconds;
  if (!isDryRun(context)) {
    deleter.delete(storeKey(kind.resource), object, {
      propagation: 'Background',
      graceSeconds: grace,
    });
  }
  return done(context, 201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' });
}

/** A pod's node, set once. */
export function bind(context: WriteContext): HttpResponse {
  const before = requested(context);
  const node = valueAt(context.body, '.target.name');
  const given = withValueAt(before, '.spec.nodeName', node);
  const bound = { ...context, request: { ...context.request, subresource: undefined } };
  replace(bound, before, given);
  return done(context, 201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' });
}
