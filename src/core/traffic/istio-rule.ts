// Subsets of a DestinationRule: which hash each names, and their clean-up (traffic.md 2.5, 2.7).
import { HASH_LABEL, MANAGED_BY } from '../../api/names.ts';
import type { WeightDestination } from '../../api/rollout.ts';
import type { EventNote } from '../decision.ts';
import { warning } from '../events.ts';
import { jsonEqual } from '../../lib/equal.ts';
import type { DestinationRule, Subset } from './istio-objects.ts';

export interface HashOrder {
  readonly rolloutName: string;
  readonly canarySubset: string;
  readonly stableSubset: string;
  readonly canaryHash: string;
  readonly stableHash: string;
  /** Experiment destinations; those without Service name or hash are left out. */
  readonly extras: readonly WeightDestination[];
}

/** The event of a rule that is named and not there. */
export function ruleNotFound(name: string): EventNote {
  return warning('DestinationRuleNotFound', `DestinationRule \`${name}\` not found`);
}

function labelled(subset: Subset, hash: string): Subset {
  if (hash !== '' && subset.labels?.[HASH_LABEL] === hash) return subset;
  const { [HASH_LABEL]: _previous, ...labels } = subset.labels ?? {};
  if (hash !== '') return { ...subset, labels: { ...labels, [HASH_LABEL]: hash } };
  return subset.labels === undefined ? subset : { ...subset, labels };
}

/** The rule with the hashes in its subsets; the same object if nothing changes. Foreign subsets are dropped. */
export function withHashes(rule: DestinationRule, order: HashOrder): DestinationRule {
  const extras = order.extras.filter(
    (extra) => (extra.serviceName ?? '') !== '' && (extra.podTemplateHash ?? '') !== '',
  );
  const subsets = rule.spec?.subsets ?? [];
  const kept = subsets.flatMap((subset): readonly Subset[] => {
    if (subset.name === order.canarySubset) return [labelled(subset, order.canaryHash)];
    if (subset.name === order.stableSubset) return [labelled(subset, order.stableHash)];
    const extra = extras.find((candidate) => candidate.serviceName === subset.name);
    return extra === undefined ? [] : [labelled(subset, extra.podTemplateHash ?? '')];
  });
  const present = new Set(kept.map((subset) => subset.name));
  const added = extras
    .filter((extra) => !present.has(extra.serviceName))
    .toSorted((a, b) => ((a.serviceName ?? '') < (b.serviceName ?? '') ? -1 : 1))
    .map((extra) => ({
      name: extra.serviceName ?? '',
      labels: { [HASH_LABEL]: extra.podTemplateHash ?? '' },
    }));
  const isSame =
    added.length === 0 &&
    kept.length === subsets.length &&
    kept.every((subset, index) => subset === subsets[index]);
  if (isSame && rule.metadata.annotations?.[MANAGED_BY] === order.rolloutName) return rule;
  const next = {
    ...rule,
    metadata: {
      ...rule.metadata,
      annotations: { ...rule.metadata.annotations, [MANAGED_BY]: order.rolloutName },
    },
    spec: { ...rule.spec, subsets: [...kept, ...added] },
  };
  return jsonEqual(next, rule) ? rule : next;
}

/** How much of what was taken away an event quotes. */
const LONGEST_QUOTE = 800;

/** Told of subsets that are in `before` and not in `after`, but not made for an experiment; undefined if there are none. */
export function subsetsLost(
  before: DestinationRule,
  after: DestinationRule,
): EventNote | undefined {
  const kept = new Set((after.spec?.subsets ?? []).map(({ name }) => name));
  const lost = (before.spec?.subsets ?? []).filter(
    (subset) => !kept.has(subset.name) && !isOfExperiment(subset),
  );
  if (lost.length === 0) return undefined;
  const quoted = lost.map((subset) => JSON.stringify(subset)).join(', ');
  const quote = quoted.length > LONGEST_QUOTE ? `${quoted.slice(0, LONGEST_QUOTE)}…` : quoted;
  return warning(
    'DestinationRuleSubsetsRemoved',
    `DestinationRule \`${before.metadata.name}\` lost subsets that are neither canary nor stable: ` +
      `${quote}; put them into a DestinationRule of their own`,
  );
}

/** Those that we add have a name and a hash, and nothing else. */
function isOfExperiment({ labels = {}, ...rest }: Subset): boolean {
  const { [HASH_LABEL]: hash, ...more } = labels;
  return (
    hash !== undefined &&
    Object.keys(more).length === 0 &&
    Object.keys(rest).every((member) => member === 'name')
  );
}

/** What a change of a rule asks for: look at the Rollout again, clean the rule up, or nothing. */
export type RuleChange =
  | { readonly kind: 'ignore' }
  | { readonly kind: 'enqueue'; readonly rollout: string }
  | { readonly kind: 'clean'; readonly rule: DestinationRule };

/**
 * A rule that names a Rollout which no longer names it (or is gone) loses the annotation and the hash label of
 * every subset; the subsets stay. `isReferring` tells whether the Rollout of that name still refers to the rule.
 */
export function ruleChange(
  rule: DestinationRule,
  isReferring: (rollout: string) => boolean,
): RuleChange {
  const { [MANAGED_BY]: manager, ...annotations } = rule.metadata.annotations ?? {};
  if (manager === undefined) return { kind: 'ignore' };
  if (isReferring(manager)) return { kind: 'enqueue', rollout: manager };
  const subsets = (rule.spec?.subsets ?? []).map((subset) => labelled(subset, ''));
  return {
    kind: 'clean',
    rule: { ...rule, metadata: { ...rule.metadata, annotations }, spec: { ...rule.spec, subsets } },
  };
}
