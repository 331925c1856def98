// The small part of JSONPath that CRDs use: `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`,
// `.metadata.labels.app\.kubernetes\.io/name`.

type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'filter'; readonly name: string; readonly value: string };

const STEP =
  /\.((?:\\.|[^.[\\])+)|\[(\d+)\]|\[\?\(@\.([A-Za-z0-9_]+)\s*==\s*["']([^"']*)["']\)\]|\['((?:[^'\\]|\\.)*)'\]/gy;

function stepsOf(path: string): readonly Step[] {
  const steps: Step[] = [];
  for (const match of path.matchAll(STEP)) {
    const [, member, index, name, value, quoted] = match;
    if (member !== undefined) steps.push({ kind: 'member', name: member.replaceAll('\\', '') });
    else if (index !== undefined) steps.push({ kind: 'index', index: Number(index) });
    else if (name !== undefined) steps.push({ kind: 'filter', name, value: value ?? '' });
    else steps.push({ kind: 'member', name: quoted ?? '' });
  }
  return steps;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at the path; undefined if there is none. */
export function valueAt(object: unknown, path: string): unknown {
  let current: unknown = object;
  for (const step of stepsOf(path)) {
    if (step.kind === 'member') current = isRecord(current) ? current[step.name] : undefined;
    else if (!Array.isArray(current)) return undefined;
    else if (step.kind === 'index') current = current[step.index];
    else {
      const items: readonly unknown[] = current;
      current = items.find((item) => isRecord(item) && item[step.name] === step.value);
    }
  }
  return current;
}

/** The object with `value` at a path of members; objects on the way are made. */
export function withValueAt<T>(object: T, path: string, value: unknown): T {
  const names = stepsOf(path).flatMap((step) => (step.kind === 'member' ? [step.name] : []));
  return put(object, names, value) as T;
}

function put(object: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value;
  const members = isRecord(object) ? object : {};
  return { ...members, [name]: put(members[name], rest, value) };
}
