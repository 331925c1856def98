// Whether the Ingresses of the routers Nginx and ALB exist and lead to the right Service (rollout.md 10.3).
import type { KubeObject } from '../../../api/object.ts';
import type { CanaryStrategy, Rollout } from '../../../api/rollout.ts';
import { canaryOf } from '../limits.ts';
import { internal, invalid } from './problem.ts';

const PATH = 'spec.strategy.canary.trafficRouting';

interface Named {
  readonly field: string;
  /** The field's name in the text of one that is missing. */
  readonly missingField: string;
  readonly names: readonly string[];
  readonly isList: boolean;
  /** The Service that a rule must lead to. */
  readonly service: string;
}

/** The Ingresses that the routers name, one entry a field that is set. */
function namedIngresses(canary: CanaryStrategy | undefined): readonly Named[] {
  const { nginx, alb } = canary?.trafficRouting ?? {};
  const stable = canary?.stableService ?? '';
  const root = alb?.rootService ?? '';
  const service = root === '' ? stable : root;
  const one = (field: string, name: string | undefined, to: string): Named => {
    const names = name === undefined || name === '' ? [] : [name];
    return { field, missingField: field, names, isList: false, service: to };
  };
  const named: readonly Named[] = [
    one(`${PATH}.nginx.stableIngress`, nginx?.stableIngress, stable),
    {
      field: `${PATH}.nginx.stableIngresses`,
      // Clients know the text with a capital.
      missingField: `${PATH}.nginx.StableIngresses`,
      names: nginx?.stableIngresses ?? [],
      isList: true,
      service: stable,
    },
    one(`${PATH}.alb.ingress`, alb?.ingress, service),
    {
      field: `${PATH}.alb.ingresses`,
      missingField: `${PATH}.alb.ingresses`,
      names: alb?.ingresses ?? [],
      isList: true,
      service,
    },
  ];
  return named.filter(({ names }) => names.length > 0);
}

/** One Ingress or a list of them, never both. */
function choiceProblem(canary: CanaryStrategy | undefined): string | undefined {
  const { nginx, alb } = canary?.trafficRouting ?? {};
  const told = (router: string, fields: string, set: readonly [boolean, boolean]) => {
    if (set[0] !== set[1]) return undefined;
    const detail = `Either ${fields} must be configured. ${set[0] ? 'Both' : 'Neither'} are configured.`;
    return internal(`${PATH}.${router}`, detail).text;
  };
  const isSet = (name: string | undefined) => (name ?? '') !== '';
  const isList = (names: readonly string[] | undefined) => (names ?? []).length > 0;
  const ofNginx =
    nginx === undefined
      ? undefined
      : told('nginx', 'StableIngress or StableIngresses', [
          isSet(nginx.stableIngress),
          isList(nginx.stableIngresses),
        ]);
  if (ofNginx !== undefined || alb === undefined) return ofNginx;
  return told('alb', 'Ingress or Ingresses', [isSet(alb.ingress), isList(alb.ingresses)]);
}

/** That the settings contradict themselves, or that an Ingress which they name is not there. */
export function ingressMissing(
  rollout: Rollout,
  objects: readonly KubeObject[],
): string | undefined {
  const canary = canaryOf(rollout);
  const choice = choiceProblem(canary);
  if (choice !== undefined) return choice;
  for (const { missingField, names, isList } of namedIngresses(canary)) {
    const missing = names.find((name) => ingressOf(rollout, objects, name) === undefined);
    if (missing === undefined) continue;
    const detail = `ingress.networking.k8s.io "${missing}" not found`;
    return invalid(missingField, isList ? names : missing, detail).text;
  }
  return undefined;
}

/** The first Ingress without a rule that leads to the Service whose traffic is divided. */
export function ingressUnfit(rollout: Rollout, objects: readonly KubeObject[]): string | undefined {
  for (const { field, names, service } of namedIngresses(canaryOf(rollout))) {
    for (const name of names) {
      const ingress = ingressOf(rollout, objects, name);
      if (ingress === undefined || hasRuleFor(ingress, service)) continue;
      const detail = `ingress \`${name}\` has no rules using service ${service} backend`;
      return invalid(field, name, detail).text;
    }
  }
  return undefined;
}

interface Ingress extends KubeObject {
  readonly spec?: {
    readonly rules?: readonly {
      readonly http?: {
        readonly paths?: readonly {
          readonly backend?: {
            readonly service?: { readonly name?: string };
            /** The form of older API versions. */
            readonly serviceName?: string;
          };
        }[];
      };
    }[];
  };
}

const GROUPS: ReadonlySet<string> = new Set(['networking.k8s.io', 'extensions']);

function ingressOf(
  { metadata }: Rollout,
  objects: readonly KubeObject[],
  name: string,
): Ingress | undefined {
  return objects.find(
    (object) =>
      object.kind === 'Ingress' &&
      GROUPS.has(object.apiVersion.split('/')[0] ?? '') &&
      object.metadata.name === name &&
      (object.metadata.namespace ?? '') === (metadata.namespace ?? ''),
  );
}

/** A path may lead to something that is no Service at all (rollout.md 12, 21). */
function hasRuleFor({ spec }: Ingress, service: string): boolean {
  const paths = (spec?.rules ?? []).flatMap(({ http }) => http?.paths ?? []);
  return paths.some(
    ({ backend }) => (backend?.service?.name ?? backend?.serviceName ?? '') === service,
  );
}
