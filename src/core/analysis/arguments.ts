// Arguments of analyses: the caller's over the template's, and values taken from the Rollout (analysis.md 3).
import type { Argument } from '../../api/analysis.ts';
import { qualifiedNameProblems } from '../../api/label-rules.ts';
import type { Rollout, RolloutArgument } from '../../api/rollout.ts';
import { formatFloat } from '../../expr/numbers.ts';
import type { Substituted } from './substitution.ts';

/** A caller's argument: a template's form, or a Rollout's with its value resolved. */
type Incoming = Argument;

/** Template arguments in their order, overridden by the caller's of the same name; all must end with a value. */
export function mergeArguments(
  incoming: readonly Incoming[],
  template: readonly Argument[],
): Substituted<readonly Argument[]> {
  const merged = template.map((own) =>
    incoming
      .filter((argument) => argument.name === own.name)
      .reduce<Argument>((result, argument) => overridden(result, argument), own),
  );
  const open = merged.find(
    (argument) => argument.value === undefined && argument.valueFrom === undefined,
  );
  if (open !== undefined) return { ok: false, error: `args.${open.name} was not resolved` };
  return { ok: true, value: merged };
}

function overridden(own: Argument, { value, valueFrom }: Incoming): Argument {
  if (value !== undefined) return { ...own, value };
  return valueFrom === undefined ? own : { ...own, valueFrom };
}

/** Arguments of several templates, by name; two different values contradict each other. */
export function joinedArguments(
  lists: readonly (readonly Argument[])[],
): Substituted<readonly Argument[]> {
  const joined: Argument[] = [];
  for (const argument of lists.flat()) {
    const at = joined.findIndex((held) => held.name === argument.name);
    const held = joined[at];
    if (held === undefined) {
      joined.push(argument);
      continue;
    }
    if (held.value !== undefined && argument.value !== undefined && held.value !== argument.value) {
      return {
        ok: false,
        error:
          `Argument \`${argument.name}\` specified multiple times with different values: ` +
          `'${held.value}', '${argument.value}'`,
      };
    }
    // What has no value gives way whole, as the reference has it.
    if (held.value === undefined) joined[at] = argument;
  }
  return { ok: true, value: joined };
}

type JsonRecord = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The primitive at a path such as `spec.template.spec.containers[0].image`. */
export function fieldOf(rollout: unknown, path: string): Substituted<string> {
  let current = rollout;
  for (const part of path.split(/[.[\]]+/).filter((text) => text !== '')) {
    const step = stepInto(current, part, path);
    if (!step.ok) return step;
    current = step.value;
  }
  switch (typeof current) {
    case 'string':
      return { ok: true, value: current };
    case 'number':
      return { ok: true, value: formatFloat(current) };
    case 'boolean':
      return { ok: true, value: String(current) };
    default:
      return { ok: false, error: `path ${path} in rollout must terminate in a primitive value` };
  }
}

function stepInto(current: unknown, part: string, path: string): Substituted<unknown> {
  const invalid = { ok: false, error: `invalid path ${path} in rollout` } as const;
  if (Array.isArray(current)) {
    if (!/^[+-]?\d+$/.test(part)) return { ok: false, error: `invalid index '${part}'` };
    const index = Number(part);
    if (index < 0 || index >= current.length)
      return { ok: false, error: `index ${index} out of range` };
    return { ok: true, value: current[index] };
  }
  if (!isRecord(current)) return invalid;
  const value = current[part];
  return value === undefined || value === null ? invalid : { ok: true, value };
}

const SUBSCRIPT = /^(.+?)\['(.*)'\]$/;

function keyValues(values: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(values ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}

/** Whether the downward API supports this path under `metadata` (rollout.md 10.1, last row of the step table). */
export function metadataFieldProblem(path: string): string | undefined {
  const plain = ['metadata.name', 'metadata.namespace', 'metadata.uid'];
  const maps = ['metadata.labels', 'metadata.annotations'];
  const [, base, key = ''] = SUBSCRIPT.exec(path) ?? [];
  if (base === undefined) {
    return [...plain, ...maps].includes(path) ? undefined : `unsupported fieldPath: ${path}`;
  }
  if (!maps.includes(base)) return `fieldPath "${path}" does not support subscript`;
  // Keys of annotations may have capitals in their prefix.
  const problems = qualifiedNameProblems(base.endsWith('annotations') ? key.toLowerCase() : key);
  return problems.length === 0
    ? undefined
    : `invalid key subscript in ${path}: ${problems.join('; ')}`;
}

/** A downward-API look-up on the Rollout (analysis.md 3.1). */
export function metadataField({ metadata }: Rollout, path: string): Substituted<string> {
  const problem = metadataFieldProblem(path);
  if (problem !== undefined) return { ok: false, error: problem };
  const subscript = SUBSCRIPT.exec(path);
  if (subscript !== null) {
    const map = subscript[1] === 'metadata.labels' ? metadata.labels : metadata.annotations;
    return { ok: true, value: map?.[subscript[2] ?? ''] ?? '' };
  }
  switch (path) {
    case 'metadata.name':
      return { ok: true, value: metadata.name };
    case 'metadata.namespace':
      return { ok: true, value: metadata.namespace ?? '' };
    case 'metadata.uid':
      return { ok: true, value: metadata.uid ?? '' };
    case 'metadata.labels':
      return { ok: true, value: keyValues(metadata.labels) };
    default:
      return { ok: true, value: keyValues(metadata.annotations) };
  }
}

/**
 * The argument list that a Rollout hands to an analysis: every entry with a value (analysis.md 3.1). A path that
 * leads nowhere is an error, whichever argument it belongs to (rollout.md 12, 47).
 */
export function rolloutArguments(
  args: readonly RolloutArgument[],
  of: { readonly rollout: Rollout; readonly newHash: string; readonly stableHash: string },
): Substituted<readonly Argument[]> {
  const resolved: Argument[] = [];
  for (const argument of args) {
    const value = rolloutArgument(argument, of);
    if (!value.ok) return value;
    resolved.push({ name: argument.name, value: value.value });
  }
  return { ok: true, value: resolved };
}

function rolloutArgument(
  { value, valueFrom }: RolloutArgument,
  of: { readonly rollout: Rollout; readonly newHash: string; readonly stableHash: string },
): Substituted<string> {
  switch (valueFrom?.podTemplateHashValue) {
    case 'Latest':
      return { ok: true, value: of.newHash };
    case 'Stable':
      return { ok: true, value: of.stableHash };
    default:
      break;
  }
  const path = valueFrom?.fieldRef?.fieldPath;
  if (path === undefined) return { ok: true, value: value ?? '' };
  return path.startsWith('metadata') ? metadataField(of.rollout, path) : fieldOf(of.rollout, path);
}
