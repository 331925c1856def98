// Promise 7: what we did not create in a user's object survives byte for byte. Each change by us is compared with what
// was there, without the few values that are ours to set.
import { HASH_LABEL } from '../../../src/api/names.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import type { Rollout } from '../../../src/api/rollout.ts';
import { isControlledBy } from '../../../src/core/ownership.ts';
import type { Destination, Route, Subset } from '../../../src/core/traffic/istio-objects.ts';
import { istioOf, partiesOf } from '../../../src/core/traffic/istio-routes.ts';
import { type Checker, type Entry, NOTHING } from './checker.ts';
import { isSide, KEYS, managedRoutes, rolloutsOf, type Scene } from './scene.ts';

type Content = Readonly<Record<string, unknown>>;

/** Kinds that we make ourselves, or whose change is a request and no edit (an eviction). */
const OURS: ReadonlySet<string> = new Set([
  KEYS.sets,
  KEYS.runs,
  KEYS.experiments,
  KEYS.pods,
  '/events',
  'events.k8s.io/events',
  'batch/jobs',
  'coordination.k8s.io/leases',
]);

export function ownershipChecker(): Checker {
  return {
    promise: '7: what we did not create in a user’s object survives byte for byte',
    see: (entry) => {
      const { author, key, change } = entry;
      if (author !== 'controller' || OURS.has(key) || isMade(entry)) return NOTHING;
      const { kind, metadata } = change.object;
      const what = `${kind} ${metadata.name}`;
      if (change.before === undefined) return [`${what} was made by us`];
      if (change.type === 'DELETED') return [`${what} was deleted by us`];
      const was = JSON.stringify(userPart(entry, change.before, entry.before));
      const is = JSON.stringify(userPart(entry, change.object, entry.after));
      return was === is
        ? NOTHING
        : [`a part of ${what} that is its user’s went from ${was} to ${is}`];
    },
  };
}

/** Made by a Rollout or an experiment of ours, such as an experiment's Service. */
function isMade({ after, before, change }: Entry): boolean {
  const owners = [
    ...rolloutsOf(after),
    ...after.list(KEYS.experiments),
    ...before.list(KEYS.experiments),
    ...after.list(KEYS.runs),
  ];
  return owners.some(({ metadata }) => isControlledBy(change.object, metadata.uid));
}

function userPart({ key }: Entry, object: KubeObject, scene: Scene): unknown {
  switch (key) {
    case KEYS.rollouts:
      return rolloutPart(object as Rollout);
    case KEYS.services:
      return servicePart(object);
    case KEYS.routes:
      return routePart(object, scene);
    case KEYS.rules:
      return rulePart(object, scene);
    default:
      return otherPart(object, scene);
  }
}

/** The size of a Deployment is given to the Rollout that takes its place (rollout.md 3.11). */
function otherPart(object: KubeObject, scene: Scene): Content {
  const { spec, ...rest } = withoutServerFields(object) as { readonly spec?: Content };
  const isScaled = rolloutsOf(scene).some(({ spec: { workloadRef } }) => {
    const { kind, name, scaleDown = 'never' } = workloadRef ?? {};
    return kind === object.kind && name === object.metadata.name && scaleDown !== 'never';
  });
  if (!isScaled || spec === undefined) return { ...rest, spec };
  const { replicas: _size, ...others } = spec;
  return { ...rest, spec: others };
}

const OWN_ANNOTATION = /^(argo-rollouts\.argoproj\.io|slipway\.dev|rollout\.argoproj\.io)\//;

/** Labels, annotations and the rest of the metadata that a user writes. */
function metadataPart({ metadata }: KubeObject): Content {
  const { name, labels, annotations = {}, finalizers, ownerReferences } = metadata;
  const own = Object.entries(annotations).filter(([name_]) => !OWN_ANNOTATION.test(name_));
  return { name, labels, annotations: Object.fromEntries(own), finalizers, ownerReferences };
}

function withoutServerFields(object: KubeObject): Content {
  const { metadata: _metadata, ...rest } = object;
  return { metadata: metadataPart(object), ...rest };
}

/** Replicas are written when there are none (rollout.md 3.1). */
function rolloutPart(rollout: Rollout): Content {
  const { replicas = 1, ...spec } = rollout.spec;
  return { metadata: metadataPart(rollout), spec: { replicas, ...spec } };
}

function servicePart(object: KubeObject): Content {
  const { spec, ...rest } = withoutServerFields(object) as { readonly spec: Content };
  const { selector = {}, ...others } = spec;
  const { [HASH_LABEL]: _hash, ...labels } = selector as Content;
  return { ...rest, spec: others, selector: labels };
}

function routePart(object: KubeObject, scene: Scene): Content {
  const { spec, ...rest } = withoutServerFields(object) as { readonly spec: Content };
  const rollouts = rolloutsOf(scene).filter((rollout) => istioOf(rollout) !== undefined);
  const made = new Set(rollouts.flatMap(madeRoutes));
  const masked = Object.entries(spec).map(([name, routes]) => {
    if (!Array.isArray(routes) || !['http', 'tls', 'tcp'].includes(name)) return [name, routes];
    const kept = (routes as readonly Route[]).map((route, index) => {
      const owner = rollouts.find((rollout) =>
        managedRoutes(scene, rollout).some(
          (one) =>
            one.virtualService === object.metadata.name &&
            one.protocol === name &&
            one.index === index,
        ),
      );
      return owner === undefined ? route : maskedRoute(route, owner);
    });
    // Header and mirror routes come and go, and go first.
    return [name, kept.filter((route) => !made.has(route.name ?? ''))];
  });
  return { ...rest, spec: Object.fromEntries(masked) as Content };
}

function madeRoutes(rollout: Rollout): readonly string[] {
  const canary = rollout.spec.strategy?.canary;
  const managed = (canary?.trafficRouting?.managedRoutes ?? []).map(({ name }) => name);
  const steps = (canary?.steps ?? []).flatMap(({ setHeaderRoute, setMirrorRoute }) => [
    setHeaderRoute?.name ?? '',
    setMirrorRoute?.name ?? '',
  ]);
  return [...managed, ...steps].filter((name) => name !== '');
}

/** Weights of the two sides are ours, and destinations that are neither side's (traffic.md 2.4). */
function maskedRoute(route: Route, rollout: Rollout): Route {
  const { additionalSubsets } = partiesOf(rollout);
  const isDeclared = ({ destination }: Destination) =>
    additionalSubsets.includes(destination?.subset ?? '');
  const kept = (route.route ?? [])
    .filter((one) => isSide(one, rollout) || isDeclared(one))
    .map((one) => {
      if (!isSide(one, rollout)) return one;
      const { weight: _weight, ...others } = one;
      return others;
    });
  return { ...route, route: kept };
}

function rulePart(object: KubeObject, scene: Scene): Content {
  const { spec, ...rest } = withoutServerFields(object) as { readonly spec: Content };
  const names = new Set(
    rolloutsOf(scene).flatMap((rollout) => {
      const rule = istioOf(rollout)?.destinationRule;
      return rule?.name === object.metadata.name
        ? [rule.canarySubsetName, rule.stableSubsetName]
        : [];
    }),
  );
  const subsets = ((spec['subsets'] ?? []) as readonly Subset[])
    .filter(({ name = '' }) => names.has(name))
    .map(({ labels = {}, ...subset }) => {
      const { [HASH_LABEL]: _hash, ...others } = labels;
      return { ...subset, labels: others };
    });
  return { ...rest, spec: { ...spec, subsets } };
}
