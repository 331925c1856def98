// What a trace uses that is not built yet. The list is to be emptied.
import type { KubeObject } from '../../src/api/object.ts';
import type { Trace } from './trace.ts';

type Bag = Readonly<Record<string, unknown>>;

interface Feature {
  readonly name: string;
  /** Whether an object, or a patch, uses it. */
  readonly isUsed: (object: KubeObject & { readonly spec?: Bag }, text: string) => boolean;
}

const FEATURES: readonly Feature[] = [
  { name: 'anti-affinity', isUsed: (_object, text) => text.includes('"antiAffinity":') },
];

/** Names of features that the trace waits for. */
export function missingFeatures({ manifests, actions }: Trace): readonly string[] {
  const patches = actions.flatMap(({ do: action }) =>
    action.with === undefined ? [] : [{ spec: action.with }],
  );
  const objects: readonly unknown[] = [...manifests, ...patches];
  return FEATURES.filter(({ isUsed }) =>
    objects.some((object) => isUsed(object as KubeObject, JSON.stringify(object))),
  ).map(({ name }) => name);
}
