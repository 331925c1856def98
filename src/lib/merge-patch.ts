// JSON merge patches (RFC 7396).
import { jsonEqual } from './equal.ts';

type JsonRecord = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `target` with the merge patch applied; neither is changed, untouched parts are shared. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (value !== undefined) result[key] = mergePatch(result[key], value);
  }
  return result;
}

/**
 * The merge patch that turns `before` into `after`; undefined if they are equal. Absent members are sent
 * as null, lists are replaced whole. (A null inside `after` cannot be told by a merge patch; Kubernetes
 * objects have none.)
 */
export function mergePatchOf(before: unknown, after: unknown): unknown {
  if (jsonEqual(before, after)) return undefined;
  if (!isRecord(before) || !isRecord(after)) return after;
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(before)) {
    if (before[key] !== undefined && after[key] === undefined) patch[key] = null;
  }
  for (const [key, value] of Object.entries(after)) {
    if (value === undefined) continue;
    const change = before[key] === undefined ? value : mergePatchOf(before[key], value);
    if (change !== undefined) patch[key] = change;
  }
  return patch;
}
