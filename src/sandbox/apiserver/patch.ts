// What a PATCH makes of an object, by its content type.
import type { KubeObject } from '../../api/object.ts';
import { applyJsonPatch } from '../../lib/json-patch.ts';
import { mergePatch } from '../../lib/merge-patch.ts';
import type { ServedKind } from './kinds.ts';
import { badRequest, RequestError } from './status-error.ts';
import { strategicMerge } from './strategic.ts';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

const TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** The patch type of a content type; one that the kind does not take is refused with those that it does. */
export function patchType(contentType: string, { isCustom }: ServedKind): PatchType {
  const bare = contentType.split(';')[0]?.trim() ?? '';
  const type = TYPES[bare];
  if (type !== undefined && !(isCustom && type === 'strategic')) return type;
  const accepted = Object.keys(TYPES).filter((one) => !isCustom || TYPES[one] !== 'strategic');
  throw new RequestError(
    415,
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: ' +
      accepted.join(', '),
  );
}

/** The patched object, not yet checked. */
export function patched(
  type: Exclude<PatchType, 'apply'>,
  object: KubeObject,
  patch: unknown,
): KubeObject {
  if (type !== 'json') requireObject(patch);
  switch (type) {
    case 'merge':
      return mergePatch(object, patch) as KubeObject;
    case 'strategic':
      return strategicMerge(object, patch) as KubeObject;
    default:
      return jsonPatched(object, patch);
  }
}

function requireObject(patch: unknown): void {
  if (typeof patch === 'object' && patch !== null && !Array.isArray(patch)) return;
  const type = Array.isArray(patch) ? 'array' : typeof patch;
  throw badRequest(`json: cannot unmarshal ${type} into Go value of type map[string]interface {}`);
}

function jsonPatched(object: KubeObject, patch: unknown): KubeObject {
  if (!Array.isArray(patch)) {
    throw badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  }
  const outcome = applyJsonPatch(object, patch);
  if (outcome.ok) return outcome.document as KubeObject;
  const cause = `the server rejected our request due to an error in our request: ${outcome.error}`;
  throw new RequestError(422, 'Invalid', cause);
}
