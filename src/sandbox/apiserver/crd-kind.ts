// CustomResourceDefinitions themselves: what is filled in, what is refused
// (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/).
import type { KubeObject } from '../../api/object.ts';
import type { OpenApi } from '../../schema/open-api.ts';
import type { FieldProblem } from '../../schema/structural/problem.ts';
import type { CrdObject } from './registry.ts';

/** Names that follow from others, and the status: what is valid is served at once. */
export function crdDefaults(object: KubeObject): KubeObject {
  const { spec, metadata, status } = object as CrdObject & { readonly status?: object };
  const { names } = spec as Partial<CrdObject['spec']>;
  const kind = names?.kind ?? '';
  const accepted = { singular: kind.toLowerCase(), listKind: `${kind}List`, ...names };
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: 'True',
    lastTransitionTime: metadata.creationTimestamp,
    reason,
    message,
  });
  const stored = (spec.versions ?? []).find((version) => version.storage === true);
  return {
    ...object,
    spec: { conversion: { strategy: 'None' }, ...spec, names: accepted },
    status: status ?? {
      acceptedNames: accepted,
      conditions: [
        condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
        condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
      ],
      storedVersions: stored === undefined ? [] : [stored.name],
    },
  } as KubeObject;
}

function required(field: string, detail = ''): FieldProblem {
  const message = detail === '' ? 'Required value' : `Required value: ${detail}`;
  return { field, reason: 'FieldValueRequired', message };
}

function invalid(field: string, value: unknown, text: string): FieldProblem {
  const message = `Invalid value: ${JSON.stringify(value)}: ${text}`;
  return { field, reason: 'FieldValueInvalid', message };
}

export function crdProblems(
  object: KubeObject,
  before: KubeObject | undefined,
): readonly FieldProblem[] {
  const { metadata } = object;
  // The schema leaves the form open: every member may be missing.
  const spec = (object as CrdObject).spec as Partial<CrdObject['spec']>;
  const { group = '', names, versions = [] } = spec;
  const { plural = '', kind = '' } = (names ?? {}) as Partial<CrdObject['spec']['names']>;
  const found: FieldProblem[] = [];
  if (metadata.name !== `${plural}.${group}`) {
    const text = 'must be spec.names.plural+"."+spec.group';
    found.push(invalid('metadata.name', metadata.name, text));
  }
  if (group === '') found.push(required('spec.group'));
  if (plural === '') found.push(required('spec.names.plural'));
  if (kind === '') found.push(required('spec.names.kind'));
  found.push(...scopeProblems(spec.scope));
  const stored = versions.filter((version) => version.storage === true);
  if (stored.length !== 1) {
    const text = 'must have exactly one version marked as storage version';
    found.push(invalid('spec.versions', versions, text));
  }
  found.push(...versions.flatMap(versionProblems));
  return isProtected(group) ? [...found, ...approvalProblems(object, before)] : found;
}

/** Groups that are Kubernetes' own (https://github.com/kubernetes/enhancements/pull/1111). */
function isProtected(group: string): boolean {
  return /(?:^|\.)(?:k8s|kubernetes)\.io$/.test(group);
}

const APPROVED = 'api-approved.kubernetes.io';

type Approval = 'missing' | 'bypassed' | 'approved' | 'unreadable';

function approvalOf({ metadata }: KubeObject): Approval {
  const text = metadata.annotations?.[APPROVED] ?? '';
  if (text === '') return 'missing';
  if (text.startsWith('unapproved')) return 'bypassed';
  return /^[a-z][a-z\d+.-]*:\/\/[^\s/?#]/i.test(text) ? 'approved' : 'unreadable';
}

/** Whoever takes such a group says who has allowed it, or that nobody has. What was there before goes on. */
function approvalProblems(
  object: KubeObject,
  before: KubeObject | undefined,
): readonly FieldProblem[] {
  const approval = approvalOf(object);
  if (before !== undefined && approvalOf(before) === approval) return [];
  const field = `metadata.annotations[${APPROVED}]`;
  const demand = `protected groups must have approval annotation "${APPROVED}"`;
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111';
  if (approval === 'missing') return [required(field, `${demand}, ${see}`)];
  if (approval !== 'unreadable') return [];
  const text = `${demand} with either a URL or a reason starting with "unapproved", ${see}`;
  return [invalid(field, object.metadata.annotations?.[APPROVED], text)];
}

function scopeProblems(scope: string | undefined): readonly FieldProblem[] {
  if (scope === undefined || scope === '') return [required('spec.scope')];
  if (scope === 'Namespaced' || scope === 'Cluster') return [];
  const message = `Unsupported value: ${JSON.stringify(scope)}: supported values: "Cluster", "Namespaced"`;
  return [{ field: 'spec.scope', reason: 'FieldValueNotSupported', message }];
}

function versionProblems(
  { schema }: CrdObject['spec']['versions'][number],
  index: number,
): readonly FieldProblem[] {
  const field = `spec.versions[${index}].schema.openAPIV3Schema`;
  const root = schema?.openAPIV3Schema;
  if (root === undefined) return [required(field, 'schemas are required')];
  if (root.type !== 'object') {
    return [required(`${field}.type`, 'must be object at the root')];
  }
  return membersProblems(root, field);
}

/** A structural schema names the type of every member. */
function membersProblems(schema: OpenApi, field: string): readonly FieldProblem[] {
  const { properties = {}, items, additionalProperties } = schema;
  const members = Object.entries(properties).map(
    ([name, member]) => [`${field}.properties[${name}]`, member] as const,
  );
  const elements = items === undefined ? [] : [[`${field}.items`, items] as const];
  const values = isSchema(additionalProperties)
    ? [[`${field}.additionalProperties`, additionalProperties] as const]
    : [];
  return [...members, ...elements, ...values].flatMap(([at, member]) => [
    ...(isTyped(member)
      ? []
      : [required(`${at}.type`, 'must not be empty for specified object fields')]),
    ...membersProblems(member, at),
  ]);
}

/** `additionalProperties: true` is allowed too. */
function isSchema(value: OpenApi | boolean | undefined): value is OpenApi {
  return typeof value === 'object';
}

function isTyped(schema: OpenApi): boolean {
  return (
    (schema.type !== undefined && schema.type.length > 0) ||
    schema['x-kubernetes-int-or-string'] === true ||
    schema['x-kubernetes-preserve-unknown-fields'] === true
  );
}
