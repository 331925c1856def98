// Writes that only pods have: eviction and binding.
import type { Pod } from '../../api/kubernetes.ts';
import type { HttpResponse } from '../../lib/ports.ts';
import { requested } from './collections.ts';
import { isObject } from './field-set.ts';
import { valueAt, withValueAt } from './json-path.ts';
import { checkPreconditions } from './removal.ts';
import { badRequest, conflict } from './status-error.ts';
import { storeKey } from './store.ts';
import { isDryRun, success, type WriteContext } from './writes.ts';

/** A pod's eviction is its deletion with grace. */
export function evict(context: WriteContext): HttpResponse {
  const { kind, deleter, body } = context;
  const object = requested(context);
  const options = isObject(body) ? body['deleteOptions'] : undefined;
  checkPreconditions({ ...context, body: options }, object);
  const grace = isObject(options) ? options['gracePeriodSeconds'] : undefined;
  if (!isDryRun(context)) {
    deleter.delete(storeKey(kind.resource), object, {
      propagation: 'Background',
      graceSeconds: typeof grace === 'number' ? grace : undefined,
    });
  }
  return success(context, 201);
}

/** A pod's node, set once; no change of what is desired. */
export function bind(context: WriteContext): HttpResponse {
  const { kind, store, body } = context;
  const before = requested(context) as Pod;
  const node = valueAt(body, '.target.name');
  if (typeof node !== 'string' || node === '') {
    throw badRequest('Binding "" is invalid: target.name: Required value');
  }
  const { metadata, spec } = before;
  const refuse = (cause: string) => conflict(kind.resource, metadata.name, cause);
  if (metadata.deletionTimestamp !== undefined) {
    throw refuse(`pod ${metadata.name} is being deleted, cannot be assigned to a host`);
  }
  if (spec.nodeName !== undefined) {
    throw refuse(
      `pod ${metadata.name} is already assigned to node ${JSON.stringify(spec.nodeName)}`,
    );
  }
  if (!isDryRun(context)) {
    store.put(storeKey(kind.resource), withValueAt(before, '.spec.nodeName', node));
  }
  return success(context, 201);
}
