// Services and DestinationRules that a Rollout has pointed at its sets and names no more: they are given back as their users
// wrote them, lest they stay with one version for ever (rollout.md 8.2, traffic.md 2.7). Entry point: `releaseObjects`; of
// a Rollout that is gone, `releaseWrite`.
import type { Service } from '../../api/kubernetes.ts';
import {
  CANARY_SWITCHED,
  HASH_LABEL,
  MANAGED_BY,
  STABLE_SWITCHED,
  SWITCHED,
} from '../../api/names.ts';
import type { Json, KubeObject, ResourceType } from '../../api/object.ts';
import { destinationRules, SERVICES } from '../../api/resources.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { PatchWrite } from '../decision.ts';
import { refOf } from '../ownership.ts';
import type { DestinationRule } from '../traffic/istio-objects.ts';
import { istioOf } from '../traffic/istio-routes.ts';
import type { Pass } from './pass.ts';
import { namedServices } from './references.ts';

const RULE = 'DestinationRule';

function isNamed(rollout: Rollout, { kind, metadata }: KubeObject): boolean {
  return kind === RULE
    ? istioOf(rollout)?.destinationRule?.name === metadata.name
    : namedServices(rollout).has(metadata.name);
}

export function releaseObjects({ world, rollout, draft }: Pass): void {
  for (const object of world.managedObjects) {
    if (isNamed(rollout, object)) continue;
    draft.writes.push(releaseWrite(object));
    const what = `${object.kind} ${object.metadata.name}`;
    draft.reasons.push({
      code: 'SwitchingService',
      message: `${what} is named no more and gets back what its user wrote`,
    });
  }
}

/** Takes away what a Rollout has put into the object. */
export function releaseWrite(object: KubeObject): PatchWrite {
  return {
    kind: 'patch',
    ref: refOf(resourceOf(object), object),
    resourceVersion: object.metadata.resourceVersion ?? '',
    patch: {
      type: 'merge',
      body: { metadata: { annotations: unmarked(object) }, spec: unhashed(object) },
    },
    events: [],
  };
}

/** A rule is written in the version in which it was read. */
function resourceOf({ kind, apiVersion }: KubeObject): ResourceType {
  return kind === RULE ? destinationRules(apiVersion.split('/')[1] ?? '') : SERVICES;
}

function unmarked({ metadata }: KubeObject): Json {
  const ours = [MANAGED_BY, SWITCHED, CANARY_SWITCHED, STABLE_SWITCHED];
  const there = ours.filter((name) => metadata.annotations?.[name] !== undefined);
  return Object.fromEntries(there.map((name) => [name, null]));
}

function unhashed(object: KubeObject): Json {
  if (object.kind !== RULE) {
    const hash = (object as Service).spec.selector?.[HASH_LABEL];
    return hash === undefined ? {} : { selector: { [HASH_LABEL]: null } };
  }
  const { subsets = [] } = (object as DestinationRule).spec ?? {};
  if (!subsets.some(({ labels }) => labels?.[HASH_LABEL] !== undefined)) return {};
  const released = subsets.map((subset) => {
    if (subset.labels?.[HASH_LABEL] === undefined) return subset;
    const { [HASH_LABEL]: _hash, ...labels } = subset.labels;
    return { ...subset, labels };
  });
  return { subsets: released as unknown as Json };
}
