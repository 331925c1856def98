// Whether what a Rollout names exists and fits (rollout.md 10.2, 10.3). Entry point: `referenceProblem`.
import type { Service } from '../../../api/kubernetes.ts';
import { HASH_LABEL, MANAGED_BY } from '../../../api/names.ts';
import type { BlueGreenStrategy, Rollout } from '../../../api/rollout.ts';
import { istioMissing, istioUnfit, routeStepUnfit } from '../../traffic/istio-validation.ts';
import type { NamedObjects } from '../world.ts';
import { ingressMissing, ingressUnfit } from './ingresses.ts';
import { meshMissing, meshUnfit } from './meshes.ts';
import { invalid } from './problem.ts';
import { templateProblem, templateReferenceProblem } from './templates.ts';

interface NamedService {
  readonly field: string;
  readonly name: string;
  /** Labels that its pods get on top of the template's while they serve this way (8.5). */
  readonly added: Readonly<Record<string, string>>;
}

/** The first problem: things that are missing come before those that do not fit (rollout.md 10.2). */
export function referenceProblem(world: NamedObjects): string | undefined {
  return missingReference(world) ?? unfitReference(world);
}

function missingReference(world: NamedObjects): string | undefined {
  const { rollout, virtualServices, routerObjects = [] } = world;
  return (
    missingService(world, namedServices(rollout)) ??
    templateReferenceProblem(world) ??
    ingressMissing(rollout, routerObjects) ??
    istioMissing(rollout, virtualServices) ??
    meshMissing(rollout, routerObjects)
  );
}

/** What is not there is passed over. */
function unfitReference(world: NamedObjects): string | undefined {
  const { rollout, virtualServices, routerObjects = [] } = world;
  return (
    unfitService(world, namedServices(rollout)) ??
    templateProblem(world) ??
    ingressUnfit(rollout, routerObjects) ??
    istioUnfit(rollout, virtualServices) ??
    meshUnfit(rollout, routerObjects) ??
    routeStepUnfit(rollout, virtualServices)
  );
}

function missingService(
  world: NamedObjects,
  services: readonly NamedService[],
): string | undefined {
  const missing = services.find((named) => findService(world, named) === undefined);
  if (missing === undefined) return undefined;
  return invalid(missing.field, missing.name, `service "${missing.name}" not found`).text;
}

function unfitService(world: NamedObjects, services: readonly NamedService[]): string | undefined {
  for (const named of services) {
    const problem = serviceProblem(world, named);
    if (problem !== undefined) return invalid(named.field, named.name, problem).text;
  }
  return undefined;
}

type Labels = Readonly<Record<string, string>> | undefined;

function namedServices({ spec }: Rollout): readonly NamedService[] {
  const { canary, blueGreen } = spec.strategy ?? {};
  const entries: readonly (readonly [string, string | undefined, Labels])[] = [
    ...activeServices(blueGreen ?? {}),
    ['canary.stableService', canary?.stableService, canary?.stableMetadata?.labels],
    ['canary.canaryService', canary?.canaryService, canary?.canaryMetadata?.labels],
    ['canary.pingPong.pingService', canary?.pingPong?.pingService, undefined],
    ['canary.pingPong.pongService', canary?.pingPong?.pongService, undefined],
  ];
  return entries.flatMap(([path, name, added = {}]) =>
    name === undefined || name === '' ? [] : [{ field: `spec.strategy.${path}`, name, added }],
  );
}

function activeServices(blueGreen: Partial<BlueGreenStrategy>) {
  const { activeService, previewService, activeMetadata, previewMetadata } = blueGreen;
  return [
    ['blueGreen.activeService', activeService, activeMetadata?.labels],
    ['blueGreen.previewService', previewService, previewMetadata?.labels],
  ] as const;
}

function findService({ services }: NamedObjects, { name }: NamedService): Service | undefined {
  return services.find((service) => service.metadata.name === name);
}

function serviceProblem(world: NamedObjects, named: NamedService): string | undefined {
  const service = findService(world, named);
  const labels = world.rollout.spec.template?.metadata?.labels ?? {};
  const selector = Object.entries(service?.spec.selector ?? {}).toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const wrong = selector.find(
    ([key, value]) => key !== HASH_LABEL && labels[key] !== value && named.added[key] !== value,
  );
  if (wrong !== undefined && world.rollout.spec.workloadRef === undefined) {
    return `Service "${named.name}" has unmatch label "${wrong[0]}" in rollout`;
  }
  const manager = service?.metadata.annotations?.[MANAGED_BY];
  return manager === undefined || manager === world.rollout.metadata.name
    ? undefined
    : `Service "${named.name}" is managed by another Rollout`;
}
