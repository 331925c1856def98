// Unknown members: dropped, or reported with their paths (strict decoding).
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#field-pruning
import type { OpenApi } from '../open-api.ts';
import { child } from './problem.ts';
import { isObject, keepsUnknown, memberSchema } from './shape.ts';

/** The value without members that the schema does not know. The same value comes back if there are none. */
export function pruned<T>(schema: OpenApi, value: T, onUnknown?: (path: string) => void): T {
  return prune(schema, value, { path: '', onUnknown }) as T;
}

interface At {
  readonly path: string;
  readonly onUnknown: ((path: string) => void) | undefined;
}

function prune(schema: OpenApi, value: unknown, at: At): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    const next = value.map((item: unknown, index) =>
      prune(items, item, { ...at, path: `${at.path}[${index}]` }),
    );
    return next.every((item, index) => item === value[index]) ? value : next;
  }
  return isObject(value) ? pruneObject(schema, value, at) : value;
}

function pruneObject(schema: OpenApi, value: Readonly<Record<string, unknown>>, at: At): unknown {
  const hasShape = schema.properties !== undefined || schema.additionalProperties !== undefined;
  if (!hasShape && (keepsUnknown(schema) || schema.type === undefined)) return value;
  let changed = false;
  const next: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const kept = keptMember(schema, member, { ...at, path: child(at.path, name), name });
    if (kept !== member) changed = true;
    if (kept !== undefined) next[name] = kept;
  }
  return changed ? next : value;
}

/** The member as it is kept; undefined if it is not. */
function keptMember(schema: OpenApi, member: unknown, at: At & { readonly name: string }): unknown {
  const own = memberSchema(schema, at.name);
  if (own === undefined) {
    if (keepsUnknown(schema)) return member;
    // Clients send null for what they leave out.
    if (member !== null) at.onUnknown?.(at.path);
    return undefined;
  }
  return member === null && own.nullable !== true ? undefined : prune(own, member, at);
}
