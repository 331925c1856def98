// Keeps pods of a new version away from nodes of the stable one while an update goes on (rollout.md 8.6): a rule in the
// template of the new set, which is no part of the version. Entry points: `withAntiAffinity` for a set that is made,
// `antiAffinityChange` for one that is there, `withoutAntiAffinity` for comparisons.
//
// Which set is which is told by the sets' labels, never by a hash that is computed anew: another release may compute
// another one, and a stable set would keep away from itself (pitfall 6).
import type {
  Affinity,
  PodAffinityTerm,
  PodAntiAffinity,
  PodTemplateSpec,
  ReplicaSet,
} from '../../api/kubernetes.ts';
import { HASH_LABEL } from '../../api/names.ts';
import type { Json } from '../../api/object.ts';
import type { Rollout } from '../../api/rollout.ts';
import { jsonEqual } from '../../lib/equal.ts';
import { mergePatchOf } from '../../lib/merge-patch.ts';
import { blueGreenOf, canaryOf } from './limits.ts';
import type { Pass } from './pass.ts';

const HOSTNAME = 'kubernetes.io/hostname';

type Required = readonly PodAffinityTerm[];
type Preferred = NonNullable<PodAntiAffinity['preferredDuringSchedulingIgnoredDuringExecution']>;

/** Both lists of a pod's rules of this kind; empty where there are none. */
interface Rules {
  readonly required: Required;
  readonly preferred: Preferred;
}

function rulesOf(affinity: Affinity | undefined): Rules {
  const rules = affinity?.podAntiAffinity;
  return {
    required: rules?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    preferred: rules?.preferredDuringSchedulingIgnoredDuringExecution ?? [],
  };
}

/** A rule of the form that we inject, whichever set it names. */
function isOurs({ labelSelector, topologyKey }: PodAffinityTerm): boolean {
  const { matchExpressions = [], matchLabels = {} } = labelSelector ?? {};
  const [expression] = matchExpressions;
  return (
    topologyKey === HOSTNAME &&
    matchExpressions.length === 1 &&
    Object.keys(matchLabels).length === 0 &&
    expression?.key === HASH_LABEL &&
    expression.operator === 'In'
  );
}

function oursAmong({ required, preferred }: Rules): Rules {
  return {
    required: required.filter(isOurs),
    preferred: preferred.filter(({ podAffinityTerm }) => isOurs(podAffinityTerm)),
  };
}

/** The template's affinity with these rules; what is empty is left out. */
function withRules(affinity: Affinity | undefined, { required, preferred }: Rules) {
  const {
    requiredDuringSchedulingIgnoredDuringExecution: _required,
    preferredDuringSchedulingIgnoredDuringExecution: _preferred,
    ...others
  } = affinity?.podAntiAffinity ?? {};
  const rules: PodAntiAffinity = {
    ...others,
    ...(required.length === 0 ? {} : { requiredDuringSchedulingIgnoredDuringExecution: required }),
    ...(preferred.length === 0
      ? {}
      : { preferredDuringSchedulingIgnoredDuringExecution: preferred }),
  };
  const { podAntiAffinity: _rules, ...rest } = affinity ?? {};
  const next = Object.keys(rules).length === 0 ? rest : { ...rest, podAntiAffinity: rules };
  return Object.keys(next).length === 0 ? undefined : (next as Affinity);
}

function withAffinity(template: PodTemplateSpec, affinity: Affinity | undefined): PodTemplateSpec {
  const { affinity: _affinity, ...spec } = template.spec ?? {};
  return { ...template, spec: affinity === undefined ? spec : { ...spec, affinity } };
}

/** The template without rules of our form, and without containers that are empty. */
export function withoutAntiAffinity(template: PodTemplateSpec): PodTemplateSpec {
  const affinity = template.spec?.affinity;
  if (affinity === undefined) return template;
  const rules = rulesOf(affinity);
  const ours = oursAmong(rules);
  return withAffinity(
    template,
    withRules(affinity, {
      required: rules.required.filter((one) => !ours.required.includes(one)),
      preferred: rules.preferred.filter((one) => !ours.preferred.includes(one)),
    }),
  );
}

/** What keeps the set with that hash away from the stable one; no rule if it is stable itself, or nothing is yet. */
function injected(rollout: Rollout, hash: string): Rules {
  const { antiAffinity } = canaryOf(rollout) ?? blueGreenOf(rollout) ?? {};
  const stable = rollout.status?.stableRS ?? '';
  if (antiAffinity === undefined || stable === '' || stable === hash) {
    return { required: [], preferred: [] };
  }
  const { namespace } = rollout.metadata;
  const term: PodAffinityTerm = {
    labelSelector: { matchExpressions: [{ key: HASH_LABEL, operator: 'In', values: [stable] }] },
    ...(namespace === undefined ? {} : { namespaces: [namespace] }),
    topologyKey: HOSTNAME,
  };
  const preferred = antiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
  return preferred === undefined
    ? { required: [term], preferred: [] }
    : { required: [], preferred: [{ weight: preferred.weight, podAffinityTerm: term }] };
}

/** The user's own rules and then the injected ones. */
function affinityWith(rollout: Rollout, more: Rules): Affinity | undefined {
  const affinity = rollout.spec.template?.spec?.affinity;
  const { required, preferred } = rulesOf(affinity);
  return withRules(affinity, {
    required: [...required, ...more.required],
    preferred: [...preferred, ...more.preferred],
  });
}

/** A set that is made now, with what keeps it away from the stable one. */
export function withAntiAffinity({ rollout, world }: Pass, set: ReplicaSet): ReplicaSet {
  const more = injected(rollout, world.hashes.podTemplate);
  if (more.required.length + more.preferred.length === 0) return set;
  const template = withAffinity(set.spec.template ?? {}, affinityWith(rollout, more));
  return { ...set, spec: { ...set.spec, template } };
}

/** A patch of the new set's affinity, if its rule is not the one that it should have; undefined if it is. */
export function antiAffinityChange({ rollout }: Pass, newSet: ReplicaSet): Json | undefined {
  const live = newSet.spec.template?.spec?.affinity;
  const users = rulesOf(rollout.spec.template?.spec?.affinity);
  const more = injected(rollout, newSet.metadata.labels?.[HASH_LABEL] ?? '');
  const wanted = oursAmong({
    required: [...users.required, ...more.required],
    preferred: [...users.preferred, ...more.preferred],
  });
  if (jsonEqual(oursAmong(rulesOf(live)), wanted)) return undefined;
  return mergePatchOf(live ?? {}, affinityWith(rollout, more) ?? null) as Json;
}
