// What an abort and a deadline go by while a spec is invalid (rollout.md 10.4, traffic safety 5): the update that was
// driven last, not the one that cannot be driven. Entry point: `lastDriven`.
import type { ReplicaSet } from '../../api/kubernetes.ts';
import type { CanaryStrategy, RolloutSpec } from '../../api/rollout.ts';
import { isControlledBy } from '../ownership.ts';
import { desiredAnnotationOf, hashOf } from './sets.ts';
import { userTemplateOf } from './user-template.ts';
import { hasPlugins } from './validation/plugins.ts';
import type { RolloutWorld } from './world.ts';

/**
 * The world as it is, but for the template and the steps, which are those of the last status, and for numbers that
 * make no sense. The same world if nothing is wrong with the spec or nothing has been driven yet.
 */
export function lastDriven(world: RolloutWorld): RolloutWorld {
  const { rollout, problem, hashes } = world;
  const { currentPodHash = '', currentStepHash } = rollout.status ?? {};
  if (problem === undefined || currentPodHash === '') return world;
  const set = world.replicaSets.find(
    (one) => hashOf(one) === currentPodHash && isControlledBy(one, rollout.metadata.uid),
  );
  if (set === undefined) return world;
  return {
    ...world,
    rollout: { ...rollout, spec: soundSpec(rollout.spec, set) },
    hashes: {
      podTemplate: currentPodHash,
      podTemplateCurrent: currentPodHash,
      steps: currentStepHash ?? hashes.steps,
    },
  };
}

function soundSpec(spec: RolloutSpec, set: ReplicaSet): RolloutSpec {
  const { revisionHistoryLimit = 0, progressDeadlineSeconds, ...rest } = spec;
  const isNegative = (spec.replicas ?? 0) < 0;
  const size = isNegative ? desiredAnnotationOf(set) : undefined;
  const minReadySeconds = Math.max(0, spec.minReadySeconds ?? 0);
  const canary = spec.strategy?.canary;
  const template = set.spec.template === undefined ? undefined : userTemplateOf(set);
  return {
    ...rest,
    ...(template === undefined ? {} : { template }),
    ...(size === undefined ? {} : { replicas: size }),
    ...(spec.minReadySeconds === undefined ? {} : { minReadySeconds }),
    ...(revisionHistoryLimit < 0 ? {} : present('revisionHistoryLimit', spec.revisionHistoryLimit)),
    ...((progressDeadlineSeconds ?? 0) <= minReadySeconds
      ? {}
      : present('progressDeadlineSeconds', progressDeadlineSeconds)),
    ...(canary === undefined
      ? {}
      : { strategy: { ...spec.strategy, canary: soundCanary(canary) } }),
  };
}

function present(name: keyof RolloutSpec, value: number | undefined): Partial<RolloutSpec> {
  return value === undefined ? {} : { [name]: value };
}

/** Members that mean something only with a router, or only with some routers, are left out without it. */
function soundCanary(canary: CanaryStrategy): CanaryStrategy {
  const { trafficRouting } = canary;
  if (trafficRouting === undefined) {
    const { scaleDownDelaySeconds: _delay, dynamicStableScale: _scale, ...rest } = canary;
    return rest;
  }
  const { nginx, istio } = trafficRouting;
  const hasOwnScale = nginx !== undefined || hasPlugins(trafficRouting);
  if (hasOwnScale && istio === undefined) return canary;
  const { maxTrafficWeight: _max, ...routers } = trafficRouting;
  return { ...canary, trafficRouting: routers };
}
