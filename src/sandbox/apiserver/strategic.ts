// Strategic merge: lists of objects are merged by a key that the kind defines
// (https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/).
import { jsonEqual } from '../../lib/equal.ts';

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Merge keys by the name of the list; the last part of a path is enough to tell them apart. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  volumes: 'name',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  env: 'name',
  imagePullSecrets: 'name',
  hostAliases: 'ip',
  topologySpreadConstraints: 'topologyKey',
  ownerReferences: 'uid',
  conditions: 'type',
  secrets: 'name',
  resourceClaims: 'name',
};

/** Ports of containers and of Services differ in their key. */
function mergeKey(name: string, items: readonly unknown[]): string | undefined {
  if (name !== 'ports') return MERGE_KEYS[name];
  const [first] = items;
  return isObject(first) && first['containerPort'] !== undefined ? 'containerPort' : 'port';
}

/** Lists of plain values that are merged as sets. */
const SETS: ReadonlySet<string> = new Set(['finalizers']);

const DELETE_LIST = '$deleteFromPrimitiveList/';
const ORDER = '$setElementOrder/';
const RETAIN = '$retainKeys';

/** The document with the patch worked in; null removes a member. */
export function strategicMerge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  if (patch['$patch'] === 'replace') return withoutDirectives(patch);
  const next: Record<string, unknown> = isObject(target) ? { ...target } : {};
  const retained = patch[RETAIN];
  if (Array.isArray(retained)) {
    for (const name of Object.keys(next)) if (!retained.includes(name)) delete next[name];
  }
  for (const [name, value] of Object.entries(patch)) applyMember(next, name, value);
  for (const [name, value] of Object.entries(patch)) {
    if (!name.startsWith(ORDER) || !Array.isArray(value)) continue;
    order(next, name.slice(ORDER.length), value);
  }
  return next;
}

function withoutDirectives(patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(patch).filter(([name]) => !name.startsWith('$')));
}

function applyMember(next: Record<string, unknown>, name: string, value: unknown): void {
  if (name.startsWith(DELETE_LIST)) {
    const list = name.slice(DELETE_LIST.length);
    const gone: readonly unknown[] = Array.isArray(value) ? value : [];
    const kept = next[list];
    if (Array.isArray(kept)) next[list] = kept.filter((item) => !gone.includes(item));
    return;
  }
  if (name.startsWith('$')) return;
  if (value === null) {
    delete next[name];
    return;
  }
  next[name] = Array.isArray(value)
    ? mergedList(name, next[name], value)
    : strategicMerge(next[name], value);
}

function mergedList(name: string, target: unknown, patch: readonly unknown[]): unknown {
  const items: readonly unknown[] = Array.isArray(target) ? target : [];
  if (SETS.has(name)) return [...new Set([...items, ...patch])];
  const key = mergeKey(name, [...items, ...patch]);
  const isKeyed = key !== undefined && patch.every((item) => isObject(item));
  if (!isKeyed) return patch;
  if (patch.some((item) => item['$patch'] === 'replace')) {
    return patch.filter((item) => item['$patch'] === undefined);
  }
  return mergedByKey(key, items, patch);
}

function mergedByKey(
  key: string,
  items: readonly unknown[],
  patch: readonly JsonObject[],
): readonly unknown[] {
  let next = [...items];
  for (const item of patch) {
    const isSame = (other: unknown) => isObject(other) && jsonEqual(other[key], item[key]);
    if (item['$patch'] === 'delete') {
      next = next.filter((other) => !isSame(other));
      continue;
    }
    const at = next.findIndex(isSame);
    if (at < 0) next.push(strategicMerge({}, item));
    else next[at] = strategicMerge(next[at], item);
  }
  return next;
}

/** Puts the elements that the patch lists in its order; others keep their place behind them. */
function order(next: Record<string, unknown>, name: string, wanted: readonly unknown[]): void {
  const items = next[name];
  if (!Array.isArray(items)) return;
  const key = mergeKey(name, items);
  const rank = (item: unknown): number => {
    const at = wanted.findIndex((one) =>
      key !== undefined && isObject(one) && isObject(item)
        ? jsonEqual(one[key], item[key])
        : one === item,
    );
    return at < 0 ? wanted.length : at;
  };
  next[name] = items.toSorted((a, b) => rank(a) - rank(b));
}

/** The key by which a list is merged, for server-side apply; undefined: the list is one value. */
export function listKey(name: string, items: readonly unknown[]): string | undefined {
  return items.every((item) => isObject(item)) ? mergeKey(name, items) : undefined;
}
