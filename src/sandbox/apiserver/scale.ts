// The subresource scale: `autoscaling/v1 Scale` as another face of an object.
import type { KubeObject } from '../../api/object.ts';
import { selectorText } from '../../api/selector.ts';
import type { HttpResponse } from '../../lib/ports.ts';
import type { ReadContext } from './collections.ts';
import { isObject } from './field-set.ts';
import { valueAt, withValueAt } from './json-path.ts';
import { invalidObject, notAllowed } from './status-error.ts';
import { done, replace, type WriteContext } from './writes.ts';

const SCALES = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  plural: 'scales',
  namespaced: true,
} as const;

/** The scale of an object. */
export function scaleOf({ kind }: ReadContext, object: KubeObject): object {
  if (kind.scale === undefined) throw notAllowed();
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = selectorOf(kind.scale.selector, object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: Number(valueAt(object, kind.scale.spec) ?? 0) },
    status: {
      replicas: Number(valueAt(object, kind.scale.status) ?? 0),
      ...(selector === undefined ? {} : { selector }),
    },
  };
}

/** As a text: a custom kind keeps it so, the server's own kinds have it in their spec. */
function selectorOf(path: string | undefined, object: KubeObject): string | undefined {
  const value = path === undefined ? undefined : valueAt(object, path);
  if (typeof value === 'string') return value;
  return isObject(value) ? selectorText(value) : undefined;
}

export function scaleTo(context: WriteContext, before: KubeObject, scale: unknown): HttpResponse {
  const { kind } = context;
  if (kind.scale === undefined) throw notAllowed();
  const replicas = valueAt(scale, '.spec.replicas') ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 0) {
    const message = `Invalid value: ${JSON.stringify(replicas)}: must be greater than or equal to 0`;
    throw invalidObject(SCALES, before.metadata.name, [
      { field: 'spec.replicas', reason: 'FieldValueInvalid', message },
    ]);
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
