// Random stories. What a setup may hold is valid: invalid objects are the subject of total.test.ts.
import fc from 'fast-check';
import {
  isRoutedBy,
  type Roles,
  type Setup,
  type StepKind,
  type Traffic,
} from './stand/manifests.ts';
import type { PluginStepWish } from './stand/plugins.ts';
import type { Act, Story, Turn } from './story.ts';

type Arb<T> = fc.Arbitrary<T>;

/** An object whose members are each there or not. */
function some<T extends object>(members: { [K in keyof T]: Arb<T[K]> }): Arb<Partial<T>> {
  return fc.record(members, { requiredKeys: [] }) as Arb<Partial<T>>;
}

const WEIGHT = fc.constantFrom(0, 1, 10, 25, 50, 75, 100);

function stepsFor(traffic: Traffic): Arb<readonly StepKind[]> {
  const isRouted = isRoutedBy(traffic) || traffic === 'plugin';
  const weight = fc.record({ kind: fc.constant('weight' as const), weight: WEIGHT });
  const pause = fc
    .constantFrom<readonly (number | string)[]>([], [0], [5], ['30s'])
    .map(([duration]): StepKind => {
      return duration === undefined ? { kind: 'pause' } : { kind: 'pause', duration };
    });
  const analysis = fc.constant<StepKind>({ kind: 'analysis' });
  const experiment = fc
    .record({ isJudged: fc.boolean(), weight: fc.constantFrom(0, 5, 20) })
    .map(({ isJudged, weight: share }): StepKind => {
      const own = isRouted && share > 0 ? { weight: share } : {};
      return { kind: 'experiment', isJudged, ...own };
    });
  const scale = fc
    .oneof(
      fc.record({ replicas: fc.constantFrom(0, 1, 2, 5) }),
      fc.record({ weight: WEIGHT }),
      fc.record({ matchTrafficWeight: fc.constant(true) }),
    )
    .map((found): StepKind => ({ kind: 'scale', scale: found }));
  const plain: { arbitrary: Arb<StepKind>; weight: number }[] = [
    { arbitrary: weight, weight: 5 },
    { arbitrary: pause, weight: 3 },
    { arbitrary: analysis, weight: 2 },
    { arbitrary: experiment, weight: 2 },
  ];
  const plugin = fc
    .constantFrom<PluginStepWish[]>('once', 'once', 'thrice', 'fails', 'off', 'missing')
    .map((wish): StepKind => ({ kind: 'plugin', wish }));
  const all = isRouted ? [...plain, { arbitrary: scale, weight: 2 }] : plain;
  const withPlugins = traffic === 'plugin' ? [...all, { arbitrary: plugin, weight: 6 }] : all;
  return fc.array(fc.oneof(...withPlugins), { maxLength: 5 }).map(withinHundred);
}

/** An experiment has no weight of its own where the canary leaves none: more than 100 in all is refused. */
function withinHundred(steps: readonly StepKind[]): readonly StepKind[] {
  let canary = 0;
  return steps.map((step) => {
    if (step.kind === 'weight') canary = step.weight;
    if (step.kind !== 'experiment' || canary + (step.weight ?? 0) <= 100) return step;
    return { kind: 'experiment', isJudged: step.isJudged };
  });
}

const KEEPS_AWAY = { requiredDuringSchedulingIgnoredDuringExecution: {} };

/** The members of all of them. */
function merged<T extends object>(...parts: readonly Arb<T>[]): Arb<T> {
  return fc.tuple(...parts).map((all) => Object.assign({}, ...all) as T);
}

const NEAR = fc.constantFrom<Setup['strategy']>({}, {}, {}, { antiAffinity: KEEPS_AWAY });

function strategyFor(isRouted: boolean): Arb<Setup['strategy']> {
  const limits = fc.constantFrom<Setup['strategy']>(
    {},
    { maxSurge: 1, maxUnavailable: 0 },
    { maxSurge: 0, maxUnavailable: 1 },
    { maxSurge: '100%', maxUnavailable: '50%' },
    { maxSurge: 0, maxUnavailable: '40%' },
  );
  if (!isRouted) return merged(limits, NEAR);
  const fixed = some<Setup['strategy']>({
    scaleDownDelaySeconds: fc.constantFrom(0, 5, 40),
    scaleDownDelayRevisionLimit: fc.constantFrom(0, 1),
    abortScaleDownDelaySeconds: fc.constantFrom(0, 7),
    minPodsPerReplicaSet: fc.constant(2),
  });
  const dynamic = some<Setup['strategy']>({
    abortScaleDownDelaySeconds: fc.constantFrom(0, 7),
    minPodsPerReplicaSet: fc.constant(2),
  }).map((found) => ({ ...found, dynamicStableScale: true }));
  return merged(limits, NEAR, fc.oneof(fixed, dynamic));
}

/** Metadata under keys that both roles have, only one has, and the user's own template has too. */
const ROLE = fc.constantFrom<NonNullable<Roles['forNew']>>(
  { labels: { role: 'first' } },
  { labels: { role: 'second', lane: 'x' }, annotations: { note: 'of a role' } },
  { annotations: { note: 'of the user' } },
);

const ROLES: Arb<Roles> = some<Roles>({ forNew: ROLE, forStable: ROLE });

/**
 * Stories whose pods have the metadata of roles, which may change at any time. Without restarts: where pods are objects,
 * one that may evict none asks for them every half minute, which is no rest.
 */
export function withRoles(...traffics: readonly Traffic[]): Arb<Story> {
  const change = fc.record({
    act: ROLES.map((roles): Act => ({ kind: 'roles', roles })),
    after: fc.oneof(fc.constant('rest' as const), fc.nat({ max: 3 })),
  });
  const at = fc.nat({ max: 12 });
  return fc
    .tuple(storiesOf(...traffics), ROLES, fc.array(fc.tuple(change, at), { maxLength: 4 }))
    .map(([{ setup, turns }, roles, changes]) => ({
      setup: { ...setup, roles },
      turns: changes.reduce(
        (all, [turn, index]) => all.toSpliced(index, 0, turn),
        turns.filter(({ act }) => act.kind !== 'restart'),
      ),
    }));
}

/** What of a strategy a blue-green has. */
const DELAYS = some<Setup['strategy']>({
  scaleDownDelaySeconds: fc.constantFrom(0, 5, 40),
  scaleDownDelayRevisionLimit: fc.constantFrom(0, 1),
  abortScaleDownDelaySeconds: fc.constantFrom(0, 7),
});

function setupFor(traffic: Traffic): Arb<Setup> {
  const isRouted = isRoutedBy(traffic) || traffic === 'plugin';
  const whole = {
    traffic: fc.constant(traffic),
    steps: stepsFor(traffic),
    background: fc.constantFrom<Setup['background'][]>('none', 'none', 'always', 'from 1'),
    strategy: traffic === 'switch' ? merged(DELAYS, NEAR) : strategyFor(isRouted),
    spec: some<Setup['spec']>({
      replicas: fc.constantFrom(0, 1, 2, 3, 4, 5, 10),
      revisionHistoryLimit: fc.constantFrom(0, 1, 2),
      progressDeadlineSeconds: fc.constantFrom(3, 60),
      progressDeadlineAbort: fc.constant(true),
      rollbackWindow: fc.constant({ revisions: 1 }),
      analysis: fc.constant({ successfulRunHistoryLimit: 1, unsuccessfulRunHistoryLimit: 0 }),
    }),
  };
  const workload = fc.constantFrom('never', 'onsuccess', 'progressively');
  return fc.oneof(
    { weight: 4, arbitrary: fc.record(whole) },
    { weight: 1, arbitrary: fc.record({ ...whole, workload }) },
  );
}

const VERSION = fc.constantFrom(1, 2, 3);

function actsFor(traffic: Traffic): Arb<Act> {
  const only = <const K extends Act['kind']>(kind: K) => fc.constant({ kind } as Act);
  return fc.oneof(
    { weight: 6, arbitrary: VERSION.map((version): Act => ({ kind: 'image', version })) },
    { weight: 4, arbitrary: only('promote') },
    { weight: 1, arbitrary: only('promote full') },
    { weight: 3, arbitrary: only('abort') },
    { weight: 2, arbitrary: only('retry') },
    { weight: 1, arbitrary: only('pause') },
    { weight: 1, arbitrary: only('resume') },
    {
      weight: 1,
      arbitrary: stepsFor(traffic).map((steps): Act => ({ kind: 'steps', steps })),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(0, 1, 2, 4, 7)
        .map((replicas): Act => ({ kind: 'scale', replicas })),
    },
    {
      weight: 3,
      arbitrary: fc
        .record({ version: VERSION, health: fc.constantFrom('good', 'good', 'half', 'bad') })
        .map((found): Act => ({ kind: 'health', ...found })),
    },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom('good', 'bad', 'unclear', 'error')
        .map((verdict): Act => ({ kind: 'verdict', verdict })),
    },
    {
      weight: 4,
      arbitrary: fc
        .constantFrom(1, 6, 31, 70, 700)
        .map((seconds): Act => ({ kind: 'wait', seconds })),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('set', 'run', 'experiment', 'mesh', 'service', 'workload')
        .map((what): Act => ({ kind: 'delete', what })),
    },
    { weight: 1, arbitrary: only('apply again') },
    { weight: 1, arbitrary: only('orphan') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(0, 20).map((seconds): Act => ({ kind: 'restart', seconds })),
    },
  );
}

function turnsFor(traffic: Traffic): Arb<readonly Turn[]> {
  const after = fc.oneof(
    { weight: 3, arbitrary: fc.constant('rest' as const) },
    { weight: 2, arbitrary: fc.nat({ max: 6 }) },
  );
  const acts = actsFor(traffic);
  // A blue-green has no steps to be edited.
  const act = traffic === 'switch' ? acts.filter(({ kind }) => kind !== 'steps') : acts;
  return fc.array(fc.record({ act, after }), { minLength: 1, maxLength: 12 });
}

export function storiesOf(...traffics: readonly Traffic[]): Arb<Story> {
  return fc.constantFrom(...traffics).chain((traffic) => {
    return fc.record({ setup: setupFor(traffic), turns: turnsFor(traffic) });
  });
}

/** Stories that end amid an update: to another image, with a pause that nobody ends as its last step. */
export function updatesOf(...traffics: readonly Traffic[]): Arb<Story> {
  const last = fc.record({
    act: VERSION.map((version): Act => ({ kind: 'image', version })),
    after: fc.oneof(fc.constant('rest' as const), fc.integer({ min: 2, max: 12 })),
  });
  return fc.tuple(storiesOf(...traffics), last).map(([{ setup, turns }, turn]) => ({
    setup: { ...setup, steps: [...setup.steps, { kind: 'pause' }] },
    turns: [...turns, turn],
  }));
}

export const STORIES = storiesOf('pods', 'services', 'hosts', 'ping-pong', 'subsets', 'switch');
