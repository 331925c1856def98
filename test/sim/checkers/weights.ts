// Promise 1: the weights of a route sum to its total, and the destinations that we manage are all there.
import type { Rollout } from '../../../src/api/rollout.ts';
import { maxWeightOf } from '../../../src/core/rollout/limits.ts';
import { partiesOf } from '../../../src/core/traffic/istio-routes.ts';
import { type Checker, type Entry, NOTHING } from './checker.ts';
import { KEYS, type ManagedRoute, managedRoutes, rolloutsOf, type Scene } from './scene.ts';

export function weightsChecker(): Checker {
  return {
    promise: '1: weights of a route sum to its total',
    see: (entry) => {
      if (entry.author !== 'controller') return NOTHING;
      if (entry.key === KEYS.routes) return routeProblems(entry);
      return entry.key === KEYS.rollouts ? recordProblems(entry) : NOTHING;
    },
  };
}

function routeProblems({ after, change }: Entry): readonly string[] {
  const { name } = change.object.metadata;
  return rolloutsOf(after).flatMap((rollout) =>
    managedRoutes(after, rollout)
      .filter(({ virtualService }) => virtualService === name)
      .flatMap((managed) => [...sumProblems(managed), ...partyProblems(rollout, managed)]),
  );
}

function textOf({ virtualService, route, index }: ManagedRoute): string {
  return `route ${route.name ?? index} of ${virtualService}`;
}

function sumProblems(managed: ManagedRoute): readonly string[] {
  const weights = (managed.route.route ?? []).map(({ weight = 0 }) => weight);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const isRight = sum === 100 && weights.every((weight) => weight >= 0);
  return isRight ? NOTHING : [`the weights of ${textOf(managed)} are ${weights.join(', ')}`];
}

function partyProblems(rollout: Rollout, managed: ManagedRoute): readonly string[] {
  const { canaryService, stableService, canarySubset, stableSubset } = partiesOf(rollout);
  const has = (service: string, subset: string | undefined) =>
    (managed.route.route ?? []).some(({ destination }) =>
      subset === undefined
        ? (destination?.host ?? '').split('.')[0] === service
        : destination?.subset === subset,
    );
  return [
    ...(has(canaryService, canarySubset) ? [] : [`${textOf(managed)} has lost the canary`]),
    ...(has(stableService, stableSubset) ? [] : [`${textOf(managed)} has lost stable`]),
  ];
}

function recordProblems({ after, change }: Entry): readonly string[] {
  const rollout = rolloutIn(after, change.object.metadata.name);
  const recorded = rollout?.status?.canary?.weights;
  if (rollout === undefined || recorded === undefined) return NOTHING;
  const { canary, stable, additional = [] } = recorded;
  const weights = [canary, stable, ...additional].map(({ weight }) => weight);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const isRight =
    sum === maxWeightOf(rollout.spec.strategy?.canary) && weights.every((weight) => weight >= 0);
  return isRight ? NOTHING : [`the recorded weights are ${weights.join(', ')}`];
}

function rolloutIn(scene: Scene, name: string): Rollout | undefined {
  return rolloutsOf(scene).find(({ metadata }) => metadata.name === name);
}
