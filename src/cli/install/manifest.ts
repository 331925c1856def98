// The shape of what is installed, its name and its labels.

/** An object as it is applied. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Place & { readonly labels?: Readonly<Record<string, string>> };
  readonly [part: string]: unknown;
}

interface Place {
  readonly name: string;
  readonly namespace?: string;
}

/** Of the Deployment, the ServiceAccount and the roles. */
export const NAME = 'argo-rollouts';

/** What the Deployment and the Service select by. */
export const SELECTOR = { 'app.kubernetes.io/name': NAME } as const;

const LABELS = {
  'app.kubernetes.io/component': 'rollouts-controller',
  ...SELECTOR,
  'app.kubernetes.io/part-of': NAME,
} as const;

/** An object with the labels of the installation. */
export function labelled(
  apiVersion: string,
  kind: string,
  place: Place,
  rest: Readonly<Record<string, unknown>> = {},
): Manifest {
  return { apiVersion, kind, metadata: { ...place, labels: LABELS }, ...rest };
}
