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

/** Of what all instances share, and of the instance that has no name. */
export const NAME = 'argo-rollouts';

/** Of an instance's Deployment, ServiceAccount and roles. */
export function nameOf(instance: string): string {
  return instance === '' ? NAME : `${NAME}-${instance}`;
}

/** What the Deployment and the Service of that name select by. */
export function selectorOf(name: string) {
  return { 'app.kubernetes.io/name': name } as const;
}

/** An object with the labels of the installation: of all instances, unless `app` names the one. */
export function labelled(
  apiVersion: string,
  kind: string,
  { app = NAME, ...place }: Place & { readonly app?: string },
  rest: Readonly<Record<string, unknown>> = {},
): Manifest {
  const labels = {
    'app.kubernetes.io/component': 'rollouts-controller',
    ...selectorOf(app),
    'app.kubernetes.io/part-of': NAME,
  };
  return { apiVersion, kind, metadata: { ...place, labels }, ...rest };
}
