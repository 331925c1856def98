// The way of an object from a request to the store: identity, schema, defaults, checks, generation.
// Entry points: `admittedNew`, `admittedChange`.
import type { KubeObject, ObjectMeta } from '../../api/object.ts';
import type { OpenApi } from '../../schema/open-api.ts';
import { defaulted } from '../../schema/structural/defaults.ts';
import type { FieldProblem } from '../../schema/structural/problem.ts';
import { pruned } from '../../schema/structural/prune.ts';
import { problems } from '../../schema/structural/validate.ts';
import { jsonEqual } from '../../lib/equal.ts';
import type { Random } from '../../lib/ports.ts';
import { randomSuffix, uuid } from '../../lib/random.ts';
import type { ServedKind } from './kinds.ts';
import { metadataProblems, nameProblems, type NameRule } from './metadata.ts';
import { badRequest, conflict, invalidObject, MODIFIED } from './status-error.ts';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface AdmissionContext {
  readonly kind: ServedKind;
  readonly random: Random;
  /** RFC 3339. */
  readonly now: string;
  readonly namespace: string | undefined;
  readonly fieldValidation: FieldValidation;
  /** Told to the client as a warning. */
  readonly warn: (message: string) => void;
}

type WithSpec = KubeObject & {
  readonly spec?: unknown;
  readonly status?: unknown;
  /** What a PodTemplate has in the place of a spec. */
  readonly template?: unknown;
};

const SUFFIX_LENGTH = 5;
/** Longer prefixes are cut, so that the made name fits into a label. */
const LONGEST_PREFIX = 58;

/** A new object, ready to be stored. */
export function admittedNew(given: KubeObject, context: AdmissionContext): KubeObject {
  const { kind, random, now } = context;
  const { resource } = kind;
  const metadata = given.metadata ?? { name: '' };
  const name = nameOf(metadata, random);
  const wrong = wrongNames(name, metadata, kind.nameRule);
  if (wrong.length > 0) throw invalidObject(resource, name, wrong);
  const own: ObjectMeta = {
    ...withoutOwners(userMetadata(metadata)),
    name,
    ...(resource.namespaced ? { namespace: namespaceOf(metadata, context) } : {}),
    uid: uuid(random),
    creationTimestamp: now,
    ...(kind.isCustom || hasSpec(given) ? { generation: 1 } : {}),
  };
  const { status: _status, ...rest } = given as WithSpec;
  const bare = kind.hasStatus ? rest : given;
  return shaped({ ...bare, metadata: own }, undefined, context);
}

function hasSpec(object: KubeObject): boolean {
  const { spec, template } = object as WithSpec;
  return spec !== undefined || template !== undefined;
}

function nameOf(metadata: ObjectMeta, random: Random): string {
  const { name = '', generateName = '' } = metadata as Partial<ObjectMeta>;
  if (name !== '' || generateName === '') return name;
  return generateName.slice(0, LONGEST_PREFIX) + randomSuffix(random, SUFFIX_LENGTH);
}

function wrongNames(
  name: string,
  { generateName }: ObjectMeta,
  rule: NameRule,
): readonly FieldProblem[] {
  if (name !== '') return nameProblems('metadata.name', name, rule);
  if (generateName !== undefined) return [];
  const message = 'Required value: name or generateName is required';
  return [{ field: 'metadata.name', reason: 'FieldValueRequired', message }];
}

function namespaceOf(metadata: ObjectMeta, { namespace = 'default' }: AdmissionContext): string {
  if (metadata.namespace !== undefined && metadata.namespace !== namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  return namespace;
}

/** Who set which fields is for the server to say. */
function withoutOwners(metadata: ObjectMeta & { readonly managedFields?: unknown }): ObjectMeta {
  const { managedFields: _entries, ...rest } = metadata;
  return rest;
}

/** What clients may say of an object's metadata. */
function userMetadata(metadata: ObjectMeta): ObjectMeta {
  const {
    uid: _uid,
    resourceVersion: _version,
    generation: _generation,
    creationTimestamp: _created,
    deletionTimestamp: _deleted,
    deletionGracePeriodSeconds: _grace,
    selfLink: _link,
    ...rest
  } = metadata as ObjectMeta & { readonly selfLink?: string };
  return rest;
}

/** Pruned, defaulted and checked; problems are refused. */
function shaped(
  object: KubeObject,
  before: KubeObject | undefined,
  context: AdmissionContext,
): KubeObject {
  const { kind } = context;
  const { schema, resource } = kind;
  const { name } = object.metadata;
  const unknown: string[] = [];
  const kept = pruned(schema, object, (path) => unknown.push(path));
  tellUnknown(unknown, context, object);
  const filled = defaulted(schema, kept);
  const wrong = problems(schema, filled);
  if (!kind.isCustom) refuseWrongTypes(filled, wrong, kind);
  if (wrong.length > 0) throw invalidObject(resource, name, wrong);
  const ready = kind.defaults?.(filled) ?? filled;
  const found = [
    ...metadataProblems(ready.metadata, kind.isCustom),
    ...(kind.problems?.(ready, before) ?? []),
    ...ruleProblems(schema, ready, before),
  ];
  if (found.length > 0) throw invalidObject(resource, name, found);
  return ready;
}

/** What the server's own kinds cannot even be read as is no validation error there. */
function refuseWrongTypes(
  { apiVersion }: KubeObject,
  wrong: readonly FieldProblem[],
  { resource }: ServedKind,
): void {
  const first = wrong.find(({ types }) => types !== undefined);
  if (first?.types === undefined) return;
  const { expected, found } = first.types;
  const field = first.field.replaceAll(/\[\d+\]/g, '');
  throw badRequest(
    `${resource.kind} in version ${JSON.stringify(apiVersion.split('/').at(-1))} cannot be ` +
      `handled as a ${resource.kind}: json: cannot unmarshal ${GO_FOUND[found] ?? found} into ` +
      `Go struct field ${resource.kind}.${field} of type ${GO_EXPECTED[expected] ?? expected}`,
  );
}

const GO_FOUND: Readonly<Record<string, string>> = { boolean: 'bool', integer: 'number' };
const GO_EXPECTED: Readonly<Record<string, string>> = {
  boolean: 'bool',
  integer: 'int32',
  'integer,string': 'intstr.IntOrString',
};

function withoutMetadata({ metadata: _metadata, ...rest }: KubeObject): object {
  return rest;
}

function tellUnknown(
  unknown: readonly string[],
  { fieldValidation, warn, kind }: AdmissionContext,
  { apiVersion }: KubeObject,
): void {
  if (unknown.length === 0 || fieldValidation === 'Ignore') return;
  const texts = unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (fieldValidation === 'Warn') {
    for (const text of texts) warn(text);
    return;
  }
  const version = apiVersion.split('/').at(-1) ?? '';
  throw badRequest(
    `${kind.resource.kind} in version ${JSON.stringify(version)} cannot be handled as a ` +
      `${kind.resource.kind}: strict decoding error: ${texts.join(', ')}`,
  );
}

/** The only rules that our own kinds have: a member that may not change once it is set. */
function ruleProblems(
  schema: OpenApi,
  after: KubeObject,
  before: KubeObject | undefined,
): readonly FieldProblem[] {
  const rules = schema.properties?.['spec']?.['x-kubernetes-validations'] ?? [];
  if (before === undefined) return [];
  return rules.flatMap(({ rule, message = rule }): readonly FieldProblem[] => {
    const member = /self\.(\w+) == oldSelf\.\1/.exec(rule)?.[1];
    if (member === undefined) return [];
    const old = ((before as WithSpec).spec as Readonly<Record<string, unknown>> | undefined)?.[
      member
    ];
    const now = ((after as WithSpec).spec as Readonly<Record<string, unknown>> | undefined)?.[
      member
    ];
    if (old === undefined || jsonEqual(old, now)) return [];
    const text = `Invalid value: "object": ${message}`;
    return [{ field: 'spec', reason: 'FieldValueInvalid', message: text }];
  });
}

/** An object as it is to be stored in place of `before`. */
export function admittedChange(
  before: KubeObject,
  given: KubeObject,
  context: AdmissionContext & { readonly subresource: 'status' | 'scale' | undefined },
): KubeObject {
  const { kind, subresource } = context;
  const { name, resourceVersion = '' } = given.metadata;
  if (name !== before.metadata.name) {
    throw badRequest(
      `the name of the object (${name}) does not match the name on the URL (${before.metadata.name})`,
    );
  }
  const stored = before.metadata.resourceVersion ?? '';
  if (resourceVersion !== '' && resourceVersion !== stored) {
    throw conflict(kind.resource, name, MODIFIED);
  }
  if (given.metadata.uid !== undefined && given.metadata.uid !== before.metadata.uid) {
    const text =
      `Precondition failed: UID in precondition: ${given.metadata.uid}, ` +
      `UID in object meta: ${before.metadata.uid ?? ''}`;
    throw conflict(kind.resource, name, text);
  }
  const part = changedPart(kind, subresource, { before, given });
  const metadata = changedMetadata(before, part.metadata);
  const next = shaped({ ...part, metadata }, before, context);
  return isGenerationChanged(kind, before, next)
    ? { ...next, metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1 } }
    : next;
}

/** `status` changes nothing but the status; with that subresource the main resource changes all but it. */
function changedPart(
  kind: ServedKind,
  subresource: 'status' | 'scale' | undefined,
  { before, given }: { readonly before: KubeObject; readonly given: KubeObject },
): KubeObject {
  if (subresource === 'status') {
    const { status } = given as WithSpec;
    const { status: _before, ...rest } = before as WithSpec;
    const metadata = { ...before.metadata, resourceVersion: given.metadata.resourceVersion ?? '' };
    return { ...rest, metadata, ...(status === undefined ? {} : { status }) };
  }
  if (!kind.hasStatus) return given;
  const { status } = before as WithSpec;
  const { status: _given, ...rest } = given as WithSpec;
  return { ...rest, ...(status === undefined ? {} : { status }) };
}

function changedMetadata(before: KubeObject, given: ObjectMeta): ObjectMeta {
  const { metadata } = before;
  const kept = {
    uid: metadata.uid,
    creationTimestamp: metadata.creationTimestamp,
    generation: metadata.generation,
    deletionTimestamp: metadata.deletionTimestamp,
    deletionGracePeriodSeconds: metadata.deletionGracePeriodSeconds,
    namespace: metadata.namespace,
    generateName: metadata.generateName,
    resourceVersion: metadata.resourceVersion,
  };
  const present = Object.entries(kept).filter(([, value]) => value !== undefined);
  return { ...userMetadata(given), ...Object.fromEntries(present) };
}

function isGenerationChanged(kind: ServedKind, before: KubeObject, after: KubeObject): boolean {
  if (before.metadata.generation === undefined) return false;
  if (kind.isCustom && !kind.hasStatus) {
    return !jsonEqual(withoutMetadata(before), withoutMetadata(after));
  }
  const wanted = ({ spec, template }: WithSpec) => spec ?? template;
  return !jsonEqual(wanted(before), wanted(after));
}
