// The pod template's schema, made from the table of its members (rollout.md 1, CRD-level rules).
import {
  any,
  boolean,
  booleanOr,
  integer,
  intOrString,
  list,
  long,
  map,
  object,
  opened,
  type Schema,
  text,
  textOr,
  time,
} from '../schema/schema.ts';
import type { PodTemplateSpec } from './kubernetes.ts';
import { POD_TEMPLATE_TYPES } from './pod-template-fields.ts';

const SCALARS: Readonly<Record<string, Schema<unknown>>> = {
  string: text,
  int: integer,
  bool: boolean,
  quantity: intOrString,
  intOrString,
  time,
  rawjson: any,
};

// 64-bit members of the core types; all others are 32-bit.
const LONG: ReadonlySet<string> = new Set([
  'PodSpec.terminationGracePeriodSeconds',
  'PodSpec.activeDeadlineSeconds',
  'Probe.terminationGracePeriodSeconds',
  'Toleration.tolerationSeconds',
  'SecurityContext.runAsUser',
  'SecurityContext.runAsGroup',
  'PodSecurityContext.runAsUser',
  'PodSecurityContext.runAsGroup',
  'PodSecurityContext.fsGroup',
  'PodSecurityContext.supplementalGroups',
  'SleepAction.seconds',
  'ServiceAccountTokenProjection.expirationSeconds',
  'ObjectMeta.generation',
  'ObjectMeta.deletionGracePeriodSeconds',
]);

/** Values that the API server fills in; they enter the pod template hash. */
const DEFAULTS: Readonly<Record<string, string>> = {
  'ContainerPort.protocol': 'TCP',
  'GRPCAction.service': '',
};

function fieldSchema(owner: string, name: string, type: string): Schema<unknown> {
  const path = `${owner}.${name}`;
  const preset = DEFAULTS[path];
  if (preset !== undefined) return textOr(preset);
  if (path === 'FileKeySelector.optional') return booleanOr(false);
  const bare = type.replace(/^\*/, '');
  const item = /^\[(.*)\]$/.exec(bare)?.[1];
  if (item !== undefined) return list(LONG.has(path) ? long : fieldSchema(owner, '', item));
  const value = /^map<(.*)>$/.exec(bare)?.[1];
  if (value !== undefined) return map(fieldSchema(owner, '', value));
  if (LONG.has(path)) return long;
  return SCALARS[bare] ?? typeSchema(bare);
}

/** Members that must be present: those written even when empty, of scalar or list type. */
function requiredOf(name: string): readonly string[] {
  const fields = POD_TEMPLATE_TYPES[name] ?? [];
  return fields.flatMap(([field, type, flags]) => {
    return flags === '' && !type.startsWith('*') ? [field] : [];
  });
}

/** Whole parts that the reference's CRD leaves unchecked. */
function isKeptWhole(name: string): boolean {
  return name === 'Volume';
}

function typeSchema(name: string): Schema<unknown> {
  if (isKeptWhole(name)) return any;
  if (name === 'ResourceRequirements')
    return opened(object({ claims: list(typeSchema('ResourceClaim')) }));
  const fields = (POD_TEMPLATE_TYPES[name] ?? []).map(([field, type]) => {
    return [field, fieldSchema(name, field, type)] as const;
  });
  return object<Readonly<Record<string, Schema<unknown>>>, string>(
    Object.fromEntries(fields),
    ...requiredOf(name),
  );
}

const metadata = object({ labels: map(text), annotations: map(text) });

/** `spec.template` of a Rollout and of an Experiment's template. */
export const podTemplate: Schema<PodTemplateSpec> = object({
  metadata,
  spec: typeSchema('PodSpec'),
}) as Schema<PodTemplateSpec>;
