// Writes of a kind: create, replace, patch and server-side apply; the subresources status and scale among them.
import type { KubeObject } from '../../api/object.ts';
import { NAMESPACES } from '../../api/resources.ts';
import { jsonEqual } from '../../lib/equal.ts';
import type { HttpResponse } from '../../lib/ports.ts';
import { admittedChange, admittedNew } from './admission.ts';
import { applied } from './apply.ts';
import { requested, shown } from './collections.ts';
import { type Conflict, conflictManager, conflictText } from './conflict-text.ts';
import { managedFieldsOf, ownedByMaker } from './managed-fields.ts';
import { patched, patchType } from './patch.ts';
import { parameter } from './request.ts';
import { scaleOf, scaleTo } from './scale.ts';
import {
  alreadyExists,
  badRequest,
  invalidObject,
  notFound,
  RequestError,
  terminating,
} from './status-error.ts';
import { storeKey } from './store.ts';
import {
  admission,
  bodyObject,
  checkOptions,
  done,
  isDryRun,
  replace,
  subresourceOf,
  type WriteContext,
  writerOf,
} from './writes.ts';

function requireNamespace({ store, kind, request }: WriteContext, name: string): void {
  const { namespace } = request;
  if (!kind.resource.namespaced || namespace === undefined) return;
  const found = store.get(storeKey(NAMESPACES), undefined, namespace);
  if (found === undefined) throw notFound(NAMESPACES, namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  throw terminating(kind.resource, name, namespace);
}

export function create(context: WriteContext): HttpResponse {
  const { store, kind, request } = context;
  checkOptions(context);
  const given = bodyObject(context);
  requireNamespace(context, given.metadata.name ?? '');
  const object = admittedNew(given, admission(context));
  const { name, namespace } = object.metadata;
  const key = storeKey(kind.resource);
  if (store.get(key, namespace, name) !== undefined) throw alreadyExists(kind.resource, name);
  // Owners are kept for clients that name themselves; the many objects of controllers do without.
  const isNamed = parameter(request, 'fieldManager') !== '';
  const walk = { keyed: !kind.isCustom };
  const owned = isNamed ? ownedByMaker(object, writerOf(context, 'Update'), walk) : object;
  const stored = isDryRun(context) ? owned : store.put(key, owned);
  return done(context, 201, shown(context, stored));
}

export function update(context: WriteContext): HttpResponse {
  checkOptions(context);
  const before = requested(context);
  if (context.request.subresource === 'scale') return scaleTo(context, before, context.body);
  const given = bodyObject(context);
  const { resourceVersion = '' } = given.metadata;
  if (context.kind.isCustom && resourceVersion === '') {
    const message = 'Invalid value: 0: must be specified for an update';
    throw invalidObject(context.kind.resource, before.metadata.name, [
      { field: 'metadata.resourceVersion', reason: 'FieldValueInvalid', message },
    ]);
  }
  return done(context, 200, shown(context, replace(context, before, given)));
}

export function patch(context: WriteContext): HttpResponse {
  const { kind, request, body } = context;
  checkOptions(context);
  const type = patchType(request.headers['content-type'] ?? '', kind);
  if (type === 'apply') return apply(context);
  const before = requested(context);
  if (request.subresource === 'scale') {
    const scale = scaleOf(context, before) as unknown as KubeObject;
    return scaleTo(context, before, patched(type, scale, body));
  }
  const next = bodyObject({ ...context, body: patched(type, before, body) });
  return done(context, 200, shown(context, replace(context, before, next)));
}

/** The configuration that is applied: of the object, or of its status. */
function configOf(context: WriteContext, name: string): KubeObject {
  const config = bodyObject(context);
  const given = config.metadata.name ?? name;
  if (given !== name) {
    throw badRequest(
      `the name of the object (${given}) does not match the name on the URL (${name})`,
    );
  }
  if (managedFieldsOf(config).length > 0) throw badRequest('metadata.managedFields must be nil');
  const { status, ...rest } = config as KubeObject & { readonly status?: unknown };
  const metadata = { ...config.metadata, name };
  if (subresourceOf(context) === 'status') {
    const { apiVersion, kind } = config;
    return { apiVersion, kind, metadata: { name }, status } as KubeObject;
  }
  return context.kind.hasStatus ? { ...rest, metadata } : { ...config, metadata };
}

function apply(context: WriteContext): HttpResponse {
  const { store, kind, request } = context;
  const { name = '', namespace } = request;
  const key = storeKey(kind.resource);
  const live = store.get(key, namespace, name);
  if (parameter(request, 'fieldManager') === '') {
    const text = 'fieldManager: Required value: is required for apply patch';
    throw new RequestError(422, 'Invalid', `PatchOptions.meta.k8s.io "" is invalid: ${text}`);
  }
  const config = configOf(context, name);
  const { resourceVersion, uid, ...metadata } = config.metadata;
  const { object, conflicts } = applied({
    live,
    config: { ...config, metadata },
    ...writerOf(context, 'Apply'),
    force: parameter(request, 'force') === 'true',
    keyed: !kind.isCustom,
  });
  if (conflicts.length > 0) throw applyConflict(context, name, conflicts);
  if (live === undefined) {
    if (subresourceOf(context) !== undefined) throw notFound(kind.resource, name);
    return createApplied(context, object);
  }
  const wanted = {
    ...object,
    metadata: {
      ...object.metadata,
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(uid === undefined ? {} : { uid }),
    },
  };
  const subresource = subresourceOf(context);
  const next = admittedChange(live, wanted, { ...admission(context), subresource });
  const stored = jsonEqual(next, live) || isDryRun(context) ? next : store.put(key, next);
  return done(context, 200, shown(context, stored));
}

/** The first configuration makes the object. */
function createApplied(context: WriteContext, object: KubeObject): HttpResponse {
  const { store, kind } = context;
  requireNamespace(context, object.metadata.name);
  const managedFields = managedFieldsOf(object);
  const made = admittedNew(object, admission(context));
  const owned = { ...made, metadata: { ...made.metadata, managedFields } };
  const stored = isDryRun(context) ? owned : store.put(storeKey(kind.resource), owned);
  return done(context, 201, shown(context, stored));
}

function applyConflict(
  { kind }: WriteContext,
  name: string,
  conflicts: readonly Conflict[],
): RequestError {
  const { plural, group } = kind.resource;
  return new RequestError(409, 'Conflict', conflictText(conflicts), {
    name,
    ...(group === '' ? {} : { group }),
    kind: plural,
    causes: conflicts.map((conflict) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${conflictManager(conflict)}`,
      field: conflict.field,
    })),
  });
}
