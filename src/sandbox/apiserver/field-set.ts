// Sets of fields in the form that `metadata.managedFields` keeps them (FieldsV1): `f:name` for a member, `k:{...}` for an
// element that is told by its keys, `v:...` for one that is told by its value. Leaves are empty sets.
import { listKey } from './strategic.ts';

export type JsonObject = Readonly<Record<string, unknown>>;
export type FieldSet = { readonly [key: string]: FieldSet };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Members that nobody owns. */
const UNOWNED: ReadonlySet<string> = new Set(['apiVersion', 'kind']);
const UNOWNED_METADATA: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'generateName',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
]);
/** Maps that are one value. */
const ATOMIC: ReadonlySet<string> = new Set(['selector', 'nodeSelector']);

export interface Walk {
  /** Lists are told apart by their keys, as in the server's own kinds; else a list is one value. */
  readonly keyed: boolean;
}

/** How the elements of a list are told apart. */
export type Elements =
  | { readonly kind: 'keys'; readonly keys: readonly string[] }
  | { readonly kind: 'values' };

const KEY_DEFAULTS: JsonObject = { protocol: 'TCP' };
const PORT_KEYS: ReadonlySet<string> = new Set(['port', 'containerPort']);

/** Undefined if the list is one value. */
export function elementsOf(
  name: string,
  items: readonly unknown[],
  { keyed }: Walk,
): Elements | undefined {
  if (!keyed) return undefined;
  if (name === 'finalizers') return { kind: 'values' };
  const key = listKey(name, items);
  if (key === undefined) return undefined;
  return { kind: 'keys', keys: PORT_KEYS.has(key) ? [key, 'protocol'] : [key] };
}

export function elementKey(elements: Elements, item: unknown): string {
  if (elements.kind === 'values' || !isObject(item)) return `v:${JSON.stringify(item)}`;
  const values = elements.keys
    .map((key) => [key, item[key] ?? KEY_DEFAULTS[key]] as const)
    .filter(([, value]) => value !== undefined);
  return `k:${JSON.stringify(Object.fromEntries(values))}`;
}

/** Lists of metadata have the same form in every kind. */
export function walkInto(name: string, walk: Walk): Walk {
  return name === 'metadata' ? { keyed: true } : walk;
}

/** The fields that a document sets. */
export function fieldsOf(document: JsonObject, walk: Walk): FieldSet {
  const set: Record<string, FieldSet> = {};
  for (const [name, value] of Object.entries(document)) {
    if (UNOWNED.has(name) || value === undefined) continue;
    if (name !== 'metadata' || !isObject(value)) {
      set[`f:${name}`] = valueFields(name, value, walk);
      continue;
    }
    const own = Object.entries(value).filter(([member]) => !UNOWNED_METADATA.has(member));
    const fields = memberFields(Object.fromEntries(own), walkInto(name, walk));
    if (!isEmpty(fields)) set['f:metadata'] = fields;
  }
  return set;
}

function memberFields(value: JsonObject, walk: Walk): FieldSet {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [`f:${name}`, valueFields(name, member, walk)]),
  );
}

function valueFields(name: string, value: unknown, walk: Walk): FieldSet {
  if (walk.keyed && ATOMIC.has(name)) return {};
  if (isObject(value)) return memberFields(value, walk);
  if (!Array.isArray(value)) return {};
  const elements = elementsOf(name, value, walk);
  if (elements === undefined) return {};
  return Object.fromEntries(
    value.map((item: unknown) => [
      elementKey(elements, item),
      isObject(item) ? { '.': {}, ...memberFields(item, walk) } : {},
    ]),
  );
}

export function isEmpty(set: FieldSet): boolean {
  return Object.keys(set).length === 0;
}

/** What is in `a` and not in `b`; empty if nothing is left. */
export function without(a: FieldSet, b: FieldSet): FieldSet {
  const left: Record<string, FieldSet> = {};
  for (const [name, inner] of Object.entries(a)) {
    const other = b[name];
    if (other === undefined) {
      left[name] = inner;
      continue;
    }
    const rest = without(inner, other);
    if (!isEmpty(rest)) left[name] = rest;
  }
  return left;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  const next: Record<string, FieldSet> = { ...a };
  for (const [name, inner] of Object.entries(b)) {
    const other = next[name];
    next[name] = other === undefined ? inner : union(other, inner);
  }
  return next;
}

/** Paths of the leaves that both sets have, as users read them: `.spec.containers[name="a"].image`. */
export function sharedPaths(a: FieldSet, b: FieldSet, path = ''): readonly string[] {
  return Object.entries(b).flatMap(([key, inner]) => {
    const other = a[key];
    // The element itself is told by its members.
    if (other === undefined || key === '.') return [];
    const here = path + stepText(key);
    return isEmpty(inner) || isEmpty(other) ? [here] : sharedPaths(other, inner, here);
  });
}

function stepText(key: string): string {
  const rest = key.slice(2);
  if (key.startsWith('f:')) return `.${rest}`;
  if (key.startsWith('v:')) return `[=${rest}]`;
  const keys = JSON.parse(rest) as JsonObject;
  const terms = Object.entries(keys).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `[${terms.join(',')}]`;
}
