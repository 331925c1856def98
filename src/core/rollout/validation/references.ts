// Whether what a Rollout names exists and fits (rollout.md 10.2, 10.3). Entry point: `referenceProblem`.
import type { Service } from '../../../api/kubernetes.ts';
import { HASH_LABEL, MANAGED_BY } from '../../../api/names.ts';
import type { Rollout } from '../../../api/rollout.ts';
import { istioProblem } from '../../traffic/istio-validation.ts';
import type { NamedObjects } from '../world.ts';
import { invalid } from './problem.ts';
import { templateProblem, templateReferenceProblem } from './templates.ts';

interface NamedService {
  readonly field: string;
  readonly name: string;
}

/** The first problem: things that are missing come before those that do not fit. */
export function referenceProblem(world: NamedObjects): string | undefined {
  const services = namedServices(world.rollout);
  for (const named of services) {
    if (findService(world, named) === undefined) {
      return invalid(named.field, named.name, `service "${named.name}" not found`).text;
    }
  }
  const missing = templateReferenceProblem(world);
  if (missing !== undefined) return missing;
  for (const named of services) {
    const problem = serviceProblem(world, named);
    if (problem !== undefined) return invalid(named.field, named.name, problem).text;
  }
  return templateProblem(world) ?? istioProblem(world.rollout, world.virtualServices);
}

function namedServices({ spec }: Rollout): readonly NamedService[] {
  const { canary, blueGreen } = spec.strategy ?? {};
  const entries: readonly (readonly [string, string | undefined])[] = [
    ['blueGreen.activeService', blueGreen?.activeService],
    ['blueGreen.previewService', blueGreen?.previewService],
    ['canary.stableService', canary?.stableService],
    ['canary.canaryService', canary?.canaryService],
    ['canary.pingPong.pingService', canary?.pingPong?.pingService],
    ['canary.pingPong.pongService', canary?.pingPong?.pongService],
  ];
  return entries.flatMap(([path, name]) =>
    name === undefined || name === '' ? [] : [{ field: `spec.strategy.${path}`, name }],
  );
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
  const wrong = selector.find(([key, value]) => key !== HASH_LABEL && labels[key] !== value);
  if (wrong !== undefined && world.rollout.spec.workloadRef === undefined) {
    return `Service "${named.name}" has unmatch label "${wrong[0]}" in rollout`;
  }
  const manager = service?.metadata.annotations?.[MANAGED_BY];
  return manager === undefined || manager === world.rollout.metadata.name
    ? undefined
    : `Service "${named.name}" is managed by another Rollout`;
}
