// Server-side apply: who owns which field, what the applier may change, what it gives up
// (https://kubernetes.io/docs/reference/using-api/server-side-apply/).
// Owners are kept in `metadata.managedFields`. Lists of built-in kinds are merged by their key; lists of custom kinds
// are one value, as their schemas say.
import type { KubeObject } from '../../api/object.ts';
import { jsonEqual } from '../../lib/equal.ts';
import { listKey } from './strategic.ts';

type JsonObject = Readonly<Record<string, unknown>>;
/** Leaves are empty sets. */
export type FieldSet = { readonly [key: string]: FieldSet };

export interface ManagedFields {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly time: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: FieldSet;
  readonly subresource?: string;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Members that nobody owns. */
const UNOWNED: ReadonlySet<string> = new Set(['apiVersion', 'kind']);
const UNOWNED_METADATA: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
]);

interface Walk {
  /** Lists are merged by key. */
  readonly keyed: boolean;
}

function elementKey(key: string, item: JsonObject): string {
  return `k:${JSON.stringify({ [key]: item[key] })}`;
}

/** The fields that a document sets. */
export function fieldsOf(document: JsonObject, walk: Walk): FieldSet {
  const set: Record<string, FieldSet> = {};
  for (const [name, value] of Object.entries(document)) {
    if (UNOWNED.has(name)) continue;
    if (name === 'metadata' && isObject(value)) {
      const own = Object.entries(value).filter(([member]) => !UNOWNED_METADATA.has(member));
      const fields = memberFields(Object.fromEntries(own), walk);
      if (Object.keys(fields).length > 0) set['f:metadata'] = fields;
      continue;
    }
    set[`f:${name}`] = valueFields(name, value, walk);
  }
  return set;
}

function memberFields(value: JsonObject, walk: Walk): FieldSet {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [`f:${name}`, valueFields(name, member, walk)]),
  );
}

function valueFields(name: string, value: unknown, walk: Walk): FieldSet {
  if (isObject(value)) return memberFields(value, walk);
  if (!Array.isArray(value) || !walk.keyed) return {};
  const key = listKey(name, value);
  if (key === undefined) return {};
  return Object.fromEntries(
    value
      .filter((item) => isObject(item))
      .map((item) => [elementKey(key, item), { '.': {}, ...memberFields(item, walk) }]),
  );
}

export function isEmpty(set: FieldSet): boolean {
  return Object.keys(set).length === 0;
}

/** What is in `a` and not in `b`; undefined if nothing is left. */
export function without(a: FieldSet, b: FieldSet): FieldSet | undefined {
  if (isEmpty(a)) return undefined;
  const left: Record<string, FieldSet> = {};
  for (const [name, inner] of Object.entries(a)) {
    const other = b[name];
    if (other === undefined) left[name] = inner;
    else {
      const rest = without(inner, other);
      if (rest !== undefined) left[name] = rest;
    }
  }
  return isEmpty(left) ? undefined : left;
}

export interface Conflict {
  readonly manager: string;
  readonly field: string;
}

export interface Applied {
  readonly object: KubeObject;
  readonly conflicts: readonly Conflict[];
}

export interface Applying {
  readonly live: KubeObject | undefined;
  readonly config: KubeObject;
  readonly manager: string;
  readonly force: boolean;
  readonly keyed: boolean;
  readonly time: string;
}

type WithManaged = KubeObject['metadata'] & { readonly managedFields?: readonly ManagedFields[] };

export function managedFieldsOf(object: KubeObject | undefined): readonly ManagedFields[] {
  const metadata: WithManaged | undefined = object?.metadata;
  return metadata?.managedFields ?? [];
}

export function withManagedFields(
  object: KubeObject,
  managedFields: readonly ManagedFields[],
): KubeObject {
  const { managedFields: _before, ...metadata } = object.metadata as WithManaged;
  return {
    ...object,
    metadata:
      managedFields.length === 0 ? metadata : ({ ...metadata, managedFields } as WithManaged),
  };
}

/** The object with the configuration applied; conflicts with other managers, unless it is forced. */
export function applied(applying: Applying): Applied {
  const { live, config, manager, force, keyed, time } = applying;
  const walk = { keyed };
  const wanted = fieldsOf(config as unknown as JsonObject, walk);
  const entries = managedFieldsOf(live);
  const own = entries.find((entry) => entry.manager === manager && entry.operation === 'Apply');
  const others = entries.filter((entry) => entry !== own);
  const changed = changedFields(live as unknown as JsonObject, config as unknown as JsonObject, {
    walk,
    wanted,
  });
  const conflicts = others.flatMap((entry) => overlaps(entry, changed));
  if (conflicts.length > 0 && !force) return { object: config, conflicts };
  const givenUp = own === undefined ? undefined : without(own.fieldsV1, wanted);
  const removable = others.reduce<FieldSet | undefined>(
    (set, entry) => (set === undefined ? undefined : without(set, entry.fieldsV1)),
    givenUp,
  );
  const base = live === undefined ? {} : removed(live as unknown as JsonObject, removable ?? {});
  const merged = merge('', base, config, walk) as KubeObject;
  const entry: ManagedFields = {
    manager,
    operation: 'Apply',
    apiVersion: config.apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: wanted,
  };
  const remaining = others.flatMap((other) => {
    const left = without(other.fieldsV1, changed);
    return left === undefined ? [] : [{ ...other, fieldsV1: left }];
  });
  const unchanged = own !== undefined && jsonEqual(own.fieldsV1, wanted);
  const kept = unchanged ? { ...entry, time: own.time } : entry;
  return { object: withManagedFields(merged, [kept, ...remaining]), conflicts: [] };
}

/** Leaves that the configuration sets to another value than the live one. */
function changedFields(
  live: JsonObject | undefined,
  config: JsonObject,
  { walk, wanted }: { readonly walk: Walk; readonly wanted: FieldSet },
): FieldSet {
  const changed: Record<string, FieldSet> = {};
  for (const [key, inner] of Object.entries(wanted)) {
    const name = key.slice(2);
    const difference = differing(name, { live: live?.[name], config: config[name], inner }, walk);
    if (difference !== undefined) changed[key] = difference;
  }
  return changed;
}

interface Pair {
  readonly live: unknown;
  readonly config: unknown;
  readonly inner: FieldSet;
}

function differing(name: string, pair: Pair, walk: Walk): FieldSet | undefined {
  const { live, config, inner } = pair;
  const whole = () => (jsonEqual(live, config) ? undefined : inner);
  if (isEmpty(inner) || live === undefined) return whole();
  if (isObject(config)) return memberDifference(config, pair, walk);
  const key = Array.isArray(config) ? listKey(name, config) : undefined;
  return key === undefined ? whole() : itemDifference(key, pair, walk);
}

function memberDifference(config: JsonObject, { live, inner }: Pair, walk: Walk) {
  const found = changedFields(isObject(live) ? live : undefined, config, { walk, wanted: inner });
  return isEmpty(found) ? undefined : found;
}

function itemDifference(key: string, { live, config, inner }: Pair, walk: Walk) {
  const items: readonly unknown[] = Array.isArray(live) ? live : [];
  const wanted: readonly unknown[] = Array.isArray(config) ? config : [];
  const changed: Record<string, FieldSet> = {};
  for (const item of wanted.filter((one) => isObject(one))) {
    const path = elementKey(key, item);
    const { '.': _self, ...members } = inner[path] ?? {};
    const other = items.find((one) => isObject(one) && jsonEqual(one[key], item[key]));
    const found = changedFields(isObject(other) ? other : undefined, item, {
      walk,
      wanted: members,
    });
    if (!isEmpty(found)) changed[path] = found;
  }
  return isEmpty(changed) ? undefined : changed;
}

function overlaps(entry: ManagedFields, changed: FieldSet): readonly Conflict[] {
  return shared(entry.fieldsV1, changed, '').map((field) => ({ manager: entry.manager, field }));
}

/** Paths of leaves that both sets have. */
function shared(a: FieldSet, b: FieldSet, path: string): readonly string[] {
  return Object.entries(b).flatMap(([key, inner]) => {
    const other = a[key];
    if (other === undefined) return [];
    const here = key.startsWith('f:') ? `${path}.${key.slice(2)}` : `${path}[${key.slice(3, -1)}]`;
    return isEmpty(inner) || isEmpty(other) ? [here] : shared(other, inner, here);
  });
}

/** The document without the fields of `set`. */
function removed(document: JsonObject, set: FieldSet): JsonObject {
  const next: Record<string, unknown> = { ...document };
  for (const [key, inner] of Object.entries(set)) {
    const name = key.slice(2);
    const value = next[name];
    if (isEmpty(inner)) delete next[name];
    else if (isObject(value)) {
      const rest = removed(value, inner);
      if (Object.keys(rest).length === 0) delete next[name];
      else next[name] = rest;
    } else if (Array.isArray(value)) next[name] = removedItems(name, value, inner);
  }
  return next;
}

function removedItems(name: string, items: readonly unknown[], set: FieldSet): readonly unknown[] {
  const key = listKey(name, items);
  if (key === undefined) return items;
  return items.flatMap((item) => {
    if (!isObject(item)) return [item];
    const inner = set[elementKey(key, item)];
    if (inner === undefined) return [item];
    return inner['.'] === undefined ? [removed(item, inner)] : [];
  });
}

function merge(name: string, base: unknown, config: unknown, walk: Walk): unknown {
  if (isObject(config)) {
    const next: Record<string, unknown> = isObject(base) ? { ...base } : {};
    for (const [member, value] of Object.entries(config)) {
      next[member] = merge(member, next[member], value, walk);
    }
    return next;
  }
  if (!Array.isArray(config) || !Array.isArray(base) || !walk.keyed) return config;
  const key = listKey(name, config);
  if (key === undefined) return config;
  const items: unknown[] = [...base];
  for (const item of config.filter((one) => isObject(one))) {
    const at = items.findIndex((one) => isObject(one) && jsonEqual(one[key], item[key]));
    if (at < 0) items.push(item);
    else items[at] = merge('', items[at], item, walk);
  }
  return items;
}

/** After a write that is no apply: changed fields that an applier owned go to the writer. */
export function afterUpdate(
  before: KubeObject,
  after: KubeObject,
  update: { readonly manager: string; readonly time: string; readonly keyed: boolean },
): KubeObject {
  const entries = managedFieldsOf(before);
  if (entries.length === 0) return after;
  const walk = { keyed: update.keyed };
  const document = after as unknown as JsonObject;
  const wanted = fieldsOf(document, walk);
  const changed = changedFields(before as unknown as JsonObject, document, { walk, wanted });
  const gone = without(fieldsOf(before as unknown as JsonObject, walk), wanted) ?? {};
  const others = entries.flatMap((entry) => {
    if (entry.manager === update.manager && entry.operation === 'Update') return [];
    const left = without(without(entry.fieldsV1, changed) ?? {}, gone);
    return left === undefined ? [] : [{ ...entry, fieldsV1: left }];
  });
  const own = entries.find(
    (entry) => entry.manager === update.manager && entry.operation === 'Update',
  );
  const fields = union(without(own?.fieldsV1 ?? {}, gone) ?? {}, changed);
  if (isEmpty(fields)) return withManagedFields(after, others);
  const entry: ManagedFields = {
    manager: update.manager,
    operation: 'Update',
    apiVersion: after.apiVersion,
    time: update.time,
    fieldsType: 'FieldsV1',
    fieldsV1: fields,
  };
  return withManagedFields(after, [...others, entry]);
}

function union(a: FieldSet, b: FieldSet): FieldSet {
  const next: Record<string, FieldSet> = { ...a };
  for (const [name, inner] of Object.entries(b)) {
    const other = next[name];
    next[name] = other === undefined ? inner : union(other, inner);
  }
  return next;
}
