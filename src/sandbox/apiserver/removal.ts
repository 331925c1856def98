// Requests that delete: one object or all that match, with preconditions, grace and propagation.
import type { KubeObject } from '../../api/object.ts';
import { NAMESPACES } from '../../api/resources.ts';
import type { HttpResponse } from '../../lib/ports.ts';
import { requested, shown } from './collections.ts';
import type { Deletion } from './deletion.ts';
import { isObject } from './field-set.ts';
import { parameter, wholeNumber } from './request.ts';
import { badRequest, conflict, forbidden } from './status-error.ts';
import { storeKey } from './store.ts';
import { done, isDryRun, success, type WriteContext } from './writes.ts';

interface DeleteBody {
  readonly propagationPolicy?: string;
  readonly orphanDependents?: boolean;
  readonly gracePeriodSeconds?: number;
  readonly dryRun?: readonly string[];
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

const POLICIES = ['Background', 'Foreground', 'Orphan'] as const;

function deletionOf({ body, request }: WriteContext): Deletion {
  const given: DeleteBody = isObject(body) ? body : {};
  const policy = given.propagationPolicy ?? parameter(request, 'propagationPolicy');
  const known = POLICIES.find((one) => one === policy);
  if (known === undefined && policy !== '') {
    const list = POLICIES.map((one) => JSON.stringify(one)).join(', ');
    throw badRequest(
      `propagationPolicy: Unsupported value: ${JSON.stringify(policy)}: supported values: ${list}`,
    );
  }
  return {
    propagation: given.orphanDependents === true ? 'Orphan' : (known ?? 'Background'),
    graceSeconds: given.gracePeriodSeconds ?? wholeNumber(request, 'gracePeriodSeconds'),
  };
}

/** A dry run may be asked for in the body too. */
function isTried(context: WriteContext): boolean {
  const { dryRun = [] }: DeleteBody = isObject(context.body) ? context.body : {};
  return isDryRun(context) || dryRun.length > 0;
}

/** Namespaces that the cluster itself lives in. */
const PROTECTED: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

function checkProtected({ kind }: WriteContext, { metadata }: KubeObject): void {
  if (kind.resource.plural !== NAMESPACES.plural || kind.resource.group !== '') return;
  if (!PROTECTED.has(metadata.name)) return;
  throw forbidden(NAMESPACES, metadata.name, 'this namespace may not be deleted');
}

/** Refused with a conflict unless the object is the one that the options mean. */
export function checkPreconditions({ body, kind }: WriteContext, object: KubeObject): void {
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
  checkProtected(context, object);
  const { name, namespace, uid } = object.metadata;
  const key = storeKey(kind.resource);
  if (!isTried(context)) {
    const left = deleter.delete(key, object, deletionOf(context));
    if (store.get(key, namespace, name) !== undefined)
      return done(context, 200, shown(context, left));
  }
  const { plural, group } = kind.resource;
  return success(context, 200, {
    name,
    ...(group === '' ? {} : { group }),
    kind: plural,
    uid,
  });
}

/** Deletes every object that the request's selectors match. */
export function removeAll(context: WriteContext, objects: readonly KubeObject[]): HttpResponse {
  for (const object of objects) checkProtected(context, object);
  const { kind, deleter } = context;
  const deletion = deletionOf(context);
  if (!isTried(context)) {
    for (const object of objects) deleter.delete(storeKey(kind.resource), object, deletion);
  }
  return success(context);
}
