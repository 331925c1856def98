import { describe, expect, it } from 'vitest';
import type { Affinity, ReplicaSet } from '../../api/kubernetes.ts';
import { HASH_LABEL } from '../../api/names.ts';
import type { AntiAffinity, Rollout } from '../../api/rollout.ts';
import { mergePatch } from '../../lib/merge-patch.ts';
import { instant } from '../../lib/time.ts';
import { worldOf } from '../../../test/support/rollout-world.ts';
import { antiAffinityChange, withAntiAffinity } from './anti-affinity.ts';
import { type Pass, passOf } from './pass.ts';
import { isMadeOf } from './user-template.ts';

const NEW = '6d';
const STABLE = '5c';

function termFor(hash: string) {
  const expression = { key: HASH_LABEL, operator: 'In', values: [hash] };
  return {
    labelSelector: { matchExpressions: [expression] },
    namespaces: ['shop'],
    topologyKey: 'kubernetes.io/hostname',
  };
}

function required(...hashes: readonly string[]): Affinity {
  const terms = hashes.map(termFor);
  return { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } };
}

const REQUIRED: AntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: {} };
const PREFERRED: AntiAffinity = { preferredDuringSchedulingIgnoredDuringExecution: { weight: 7 } };

/** The user's own: away from a database, and near a cache. */
const USERS: Affinity & { readonly podAffinity: object } = {
  podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] },
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { labelSelector: { matchLabels: { app: 'database' } }, topologyKey: 'zone' },
    ],
  },
};

interface World {
  readonly antiAffinity?: AntiAffinity;
  readonly affinity?: Affinity;
  readonly stableRS?: string;
  readonly strategy?: 'canary' | 'blueGreen';
}

function passWith({ antiAffinity, affinity, stableRS = STABLE, strategy = 'canary' }: World): Pass {
  const own = antiAffinity === undefined ? {} : { antiAffinity };
  const rollout: Rollout = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: 'shop', uid: 'u' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: templateWith(affinity),
      strategy:
        strategy === 'canary' ? { canary: own } : { blueGreen: { ...own, activeService: 'web' } },
    },
    status: { stableRS },
  };
  const hashes = { podTemplate: NEW, podTemplateCurrent: '7e', steps: '' };
  return passOf(worldOf(rollout, NEW, { hashes }), instant(0));
}

function templateWith(affinity: Affinity | undefined) {
  return {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [], ...(affinity === undefined ? {} : { affinity }) },
  };
}

function setWith(affinity: Affinity | undefined, hash = NEW): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: `web-${hash}`, labels: { [HASH_LABEL]: hash } },
    spec: { selector: {}, template: templateWith(affinity) },
  };
}

interface Row extends World {
  readonly reason: string;
  /** The live affinity of the new set; where absent the set is being made. */
  readonly live?: Affinity;
  readonly hash?: string;
  readonly wanted: Affinity | undefined;
}

const ROWS: readonly Row[] = [
  { reason: 'nothing is asked for', wanted: undefined },
  { reason: 'a new version keeps away', antiAffinity: REQUIRED, wanted: required(STABLE) },
  {
    reason: 'a preferred rule has its weight',
    antiAffinity: PREFERRED,
    wanted: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 7, podAffinityTerm: termFor(STABLE) },
        ],
      },
    },
  },
  {
    reason: 'blue-green alike',
    strategy: 'blueGreen',
    antiAffinity: REQUIRED,
    wanted: required(STABLE),
  },
  {
    reason: 'the first version has none to avoid',
    antiAffinity: REQUIRED,
    stableRS: '',
    wanted: undefined,
  },
  { reason: 'none avoids itself', antiAffinity: REQUIRED, stableRS: NEW, wanted: undefined },
  {
    reason: "the user's own rules stay, and come first",
    antiAffinity: REQUIRED,
    affinity: USERS,
    wanted: {
      ...USERS,
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: { matchLabels: { app: 'database' } }, topologyKey: 'zone' },
          termFor(STABLE),
        ],
      },
    },
  },
  {
    reason: 'another stable version is avoided instead',
    antiAffinity: REQUIRED,
    live: required('4b'),
    wanted: required(STABLE),
  },
  {
    reason: 'another weight replaces the old',
    antiAffinity: PREFERRED,
    live: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 9, podAffinityTerm: termFor(STABLE) },
        ],
      },
    },
    wanted: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 7, podAffinityTerm: termFor(STABLE) },
        ],
      },
    },
  },
  {
    reason: 'a set that has become stable has no rule any more',
    antiAffinity: REQUIRED,
    live: required(STABLE),
    stableRS: NEW,
    wanted: undefined,
  },
  {
    reason: 'by its label, whatever hash its template would have now (pitfall 6)',
    antiAffinity: REQUIRED,
    live: required(STABLE),
    hash: 'old-form',
    stableRS: 'old-form',
    wanted: undefined,
  },
  { reason: 'what the spec no longer asks for goes', live: required(STABLE), wanted: undefined },
  {
    reason: "and the user's own rules stay",
    affinity: USERS,
    live: {
      ...USERS,
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: { matchLabels: { app: 'database' } }, topologyKey: 'zone' },
          termFor(STABLE),
        ],
      },
    },
    wanted: USERS,
  },
  {
    reason: 'a rule of our form that the user wrote stays beside ours',
    antiAffinity: REQUIRED,
    affinity: required('mine'),
    wanted: required('mine', STABLE),
  },
  {
    reason: 'and is not taken for ours',
    affinity: required('mine'),
    live: required('mine', STABLE),
    wanted: required('mine'),
  },
];

describe('the rule that keeps a new version away from the stable one', () => {
  it.each(ROWS)('$reason', ({ reason: _reason, live, hash, wanted, ...world }) => {
    const pass = passWith(world);
    const set =
      live === undefined ? withAntiAffinity(pass, setWith(world.affinity)) : setWith(live, hash);
    const before = set.spec.template?.spec?.affinity;
    const change = antiAffinityChange(pass, set);
    const after =
      live === undefined ? before : mergePatch({ affinity: before }, { affinity: change });
    expect(live === undefined ? after : (after as { affinity?: Affinity }).affinity).toEqual(
      wanted,
    );
    // What is made or changed needs no further change.
    const next = setWith(wanted, hash);
    expect(antiAffinityChange(pass, next)).toBeUndefined();
    expect(isMadeOf(next, templateWith(world.affinity))).toBe(true);
  });

  it('a set that differs in more than the rule is of another version', () => {
    const other = { ...templateWith(undefined), metadata: { labels: { app: 'other' } } };
    expect(isMadeOf(setWith(required(STABLE)), other)).toBe(false);
    expect(isMadeOf(setWith(required(STABLE)), templateWith(USERS))).toBe(false);
  });

  it('a container of rules that the user left empty makes no other version', () => {
    expect(isMadeOf(setWith(undefined), templateWith({ podAntiAffinity: {} }))).toBe(true);
    expect(isMadeOf(setWith(required(STABLE)), templateWith({}))).toBe(true);
  });
});
