// Server-side apply: who owns which field, what the applier may change, what it gives up
// (https://kubernetes.io/docs/reference/using-api/server-side-apply/). Entry points: `applied`, `afterUpdate`.
//
// Owners are kept only of objects that somebody applied, or that a client made under a name of its own: what the
// sandbox's own controllers make in great number has none until then.
import type { KubeObject } from '../../api/object.ts';
import { jsonEqual } from '../../lib/equal.ts';
import type { Conflict } from './conflict-text.ts';
import {
  elementKey,
  elementsOf,
  type FieldSet,
  fieldsOf,
  isEmpty,
  isObject,
  type JsonObject,
  sharedPaths,
  union,
  type Walk,
  walkInto,
  without,
} from './field-set.ts';
import {
  entryOf,
  isOf,
  type ManagedFields,
  managedFieldsOf,
  withManagedFields,
  type Writer,
} from './managed-fields.ts';

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
  readonly subresource: string | undefined;
  readonly time: string;
}

/** Owner of what was there before anybody's fields were known. */
const BEFORE = 'before-first-apply';

function documentOf(object: KubeObject): JsonObject {
  return object as unknown as JsonObject;
}

/** The object with the configuration applied; conflicts with other managers, unless it is forced. */
export function applied(applying: Applying): Applied {
  const { live, config, manager, force, keyed, subresource, time } = applying;
  const walk = { keyed };
  const writer: Writer = { manager, operation: 'Apply', subresource, time };
  const wanted = fieldsOf(documentOf(config), walk);
  const entries = entriesBefore(live, walk, time);
  const own = entries.find((entry) => isOf(entry, writer));
  const others = entries.filter((entry) => entry !== own);
  const changed =
    live === undefined ? {} : differences(documentOf(live), documentOf(config), { walk, wanted });
  const conflicts = force ? [] : others.flatMap((entry) => conflictsWith(entry, changed));
  if (conflicts.length > 0) return { object: config, conflicts };
  const givenUp = without(own?.fieldsV1 ?? {}, wanted);
  const removable = others.reduce((set, { fieldsV1 }) => without(set, fieldsV1), givenUp);
  const base = live === undefined ? {} : removed(documentOf(live), removable, walk);
  const merged = merge('', { base, config }, walk) as KubeObject;
  const isSame = own !== undefined && jsonEqual(own.fieldsV1, wanted) && isEmpty(changed);
  const kept = entryOf(config, isSame ? { ...writer, time: own.time } : writer, wanted);
  const remaining = others.map((other) => ({
    ...other,
    fieldsV1: without(other.fieldsV1, changed),
  }));
  return { object: withManagedFields(merged, [kept, ...remaining]), conflicts: [] };
}

function entriesBefore(
  live: KubeObject | undefined,
  walk: Walk,
  time: string,
): readonly ManagedFields[] {
  const entries = managedFieldsOf(live);
  if (live === undefined || entries.length > 0) return entries;
  const writer = { manager: BEFORE, operation: 'Update', subresource: undefined, time } as const;
  return [entryOf(live, writer, fieldsOf(documentOf(live), walk))];
}

function conflictsWith(
  { manager, operation, apiVersion, subresource, fieldsV1 }: ManagedFields,
  changed: FieldSet,
): readonly Conflict[] {
  return sharedPaths(fieldsV1, changed).map((field) => ({
    manager,
    operation,
    apiVersion,
    ...(subresource === undefined ? {} : { subresource }),
    field,
  }));
}

interface Wanted {
  readonly walk: Walk;
  /** The fields of the configuration. */
  readonly wanted: FieldSet;
}

/** Fields that the configuration sets to another value than the live one. */
function differences(
  live: JsonObject | undefined,
  config: JsonObject,
  { walk, wanted }: Wanted,
): FieldSet {
  const changed: Record<string, FieldSet> = {};
  for (const [key, inner] of Object.entries(wanted)) {
    const name = key.slice(2);
    const pair = { live: live?.[name], config: config[name], wanted: inner };
    const found = difference(name, pair, walkInto(name, walk));
    if (found !== undefined) changed[key] = found;
  }
  return changed;
}

interface Pair {
  readonly live: unknown;
  readonly config: unknown;
  readonly wanted: FieldSet;
}

/** Undefined if there is none; an empty set if the value as a whole is another one. */
function difference(name: string, pair: Pair, walk: Walk): FieldSet | undefined {
  const { live, config, wanted } = pair;
  if (isEmpty(wanted) || live === undefined) return jsonEqual(live, config) ? undefined : wanted;
  if (isObject(config)) {
    const own = isObject(live) ? live : undefined;
    const found = differences(own, config, { walk, wanted });
    return isEmpty(found) ? undefined : found;
  }
  return Array.isArray(config) ? itemDifferences(name, { ...pair, config }, walk) : undefined;
}

function itemDifferences(
  name: string,
  { live, config, wanted }: Pair & { readonly config: readonly unknown[] },
  walk: Walk,
): FieldSet | undefined {
  const items: readonly unknown[] = Array.isArray(live) ? live : [];
  const elements = elementsOf(name, [...items, ...config], walk);
  if (elements === undefined) return jsonEqual(live, config) ? undefined : wanted;
  const known = new Map(items.map((item) => [elementKey(elements, item), item]));
  const changed: Record<string, FieldSet> = {};
  for (const item of config) {
    const key = elementKey(elements, item);
    const { '.': self, ...members } = wanted[key] ?? {};
    const other = known.get(key);
    if (other === undefined) changed[key] = wanted[key] ?? {};
    else if (isObject(item) && self !== undefined) {
      const own = isObject(other) ? other : undefined;
      const found = differences(own, item, { walk, wanted: members });
      if (!isEmpty(found)) changed[key] = found;
    }
  }
  return isEmpty(changed) ? undefined : changed;
}

/** The document without the fields of `set`. */
function removed(document: JsonObject, set: FieldSet, walk: Walk): JsonObject {
  const next: Record<string, unknown> = { ...document };
  for (const [key, inner] of Object.entries(set)) {
    const name = key.slice(2);
    const value = next[name];
    const own = walkInto(name, walk);
    if (isEmpty(inner)) delete next[name];
    else if (isObject(value)) put(next, name, removed(value, inner, own));
    else if (Array.isArray(value)) put(next, name, removedItems(name, value, { set: inner, own }));
  }
  return next;
}

/** What has become empty goes too. */
function put(target: Record<string, unknown>, name: string, value: object): void {
  if (Object.keys(value).length === 0) delete target[name];
  else target[name] = value;
}

function removedItems(
  name: string,
  items: readonly unknown[],
  { set, own }: { readonly set: FieldSet; readonly own: Walk },
): readonly unknown[] {
  const elements = elementsOf(name, items, own);
  if (elements === undefined) return items;
  return items.flatMap((item) => {
    const inner = set[elementKey(elements, item)];
    if (inner === undefined) return [item];
    const isWhole = isEmpty(inner) || inner['.'] !== undefined;
    return isWhole || !isObject(item) ? [] : [removed(item, inner, own)];
  });
}

function merge(
  name: string,
  { base, config }: { readonly base: unknown; readonly config: unknown },
  walk: Walk,
): unknown {
  if (isObject(config)) {
    const next: Record<string, unknown> = isObject(base) ? { ...base } : {};
    for (const [member, value] of Object.entries(config)) {
      const pair = { base: next[member], config: value };
      next[member] = merge(member, pair, walkInto(member, walk));
    }
    return next;
  }
  if (!Array.isArray(config) || !Array.isArray(base)) return config;
  const elements = elementsOf(name, [...(base as unknown[]), ...(config as unknown[])], walk);
  if (elements === undefined) return config;
  const items = new Map(base.map((item: unknown) => [elementKey(elements, item), item]));
  for (const item of config as unknown[]) {
    const key = elementKey(elements, item);
    items.set(key, merge('', { base: items.get(key), config: item }, walk));
  }
  return [...items.values()];
}

export interface Update {
  readonly manager: string;
  readonly subresource: string | undefined;
  readonly time: string;
  readonly keyed: boolean;
}

/** After a write that is no apply: changed fields go from whoever had them to the writer. */
export function afterUpdate(before: KubeObject, after: KubeObject, update: Update): KubeObject {
  const entries = entriesGiven(before, after);
  if (entries === undefined || entries.length === 0) return withManagedFields(after, []);
  const { manager, subresource, time } = update;
  const walk = { keyed: update.keyed };
  const writer: Writer = { manager, operation: 'Update', subresource, time };
  const wanted = fieldsOf(documentOf(after), walk);
  const changed = differences(documentOf(before), documentOf(after), { walk, wanted });
  const gone = without(fieldsOf(documentOf(before), walk), wanted);
  const own = entries.find((entry) => isOf(entry, writer));
  const others = entries
    .filter((entry) => entry !== own)
    .map((entry) => ({ ...entry, fieldsV1: without(without(entry.fieldsV1, changed), gone) }));
  const fields = union(without(own?.fieldsV1 ?? {}, gone), changed);
  const isIdle = own !== undefined && isEmpty(changed);
  const kept = entryOf(after, isIdle ? { ...writer, time: own.time } : writer, fields);
  return withManagedFields(after, [...others, kept]);
}

/** Entries to go on from: a client may write them itself, or have them forgotten. */
function entriesGiven(before: KubeObject, after: KubeObject): readonly ManagedFields[] | undefined {
  const { managedFields } = after.metadata as {
    readonly managedFields?: readonly Partial<ManagedFields>[];
  };
  if (managedFields === undefined) return managedFieldsOf(before);
  const isReset = managedFields.every((entry) => Object.keys(entry).length === 0);
  return isReset ? undefined : (managedFields as readonly ManagedFields[]);
}
