import { describe, expect, it } from 'vitest';
import type { AnalysisRun } from '../api/analysis.ts';
import type { Experiment } from '../api/experiment.ts';
import type { Pod, ReplicaSet } from '../api/kubernetes.ts';
import type { KubeObject } from '../api/object.ts';
import type { Rollout } from '../api/rollout.ts';
import { formatInstant, instant } from '../lib/time.ts';
import type { Family } from './family.ts';
import { experimentText, rolloutText } from './get.ts';
import { COLOURED, PLAIN } from './icons.ts';

const NOW = Date.UTC(2026, 0, 2);
const APP = 'argoproj.io/v1alpha1';

/** A moment so many seconds before now. */
function ago(seconds: number): string {
  return formatInstant(instant(NOW - seconds * 1000));
}

interface Made {
  readonly name: string;
  readonly owner?: string;
  readonly age?: number;
  readonly revision?: number | string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly hash?: string;
}

function metadataOf({ name, owner, age = 60, revision, annotations = {}, hash }: Made) {
  return {
    name,
    namespace: 'shop',
    uid: `uid-${name}`,
    generation: 1,
    creationTimestamp: ago(age),
    annotations: {
      ...annotations,
      ...(revision === undefined ? {} : { 'rollout.argoproj.io/revision': String(revision) }),
    },
    labels: hash === undefined ? {} : { 'rollouts-pod-template-hash': hash },
    ...(owner === undefined
      ? {}
      : { ownerReferences: [{ apiVersion: APP, kind: 'Any', name: owner, uid: `uid-${owner}` }] }),
  };
}

interface MadeSet extends Made {
  readonly images?: readonly string[];
  readonly replicas?: number;
  readonly available?: number;
}

function setOf({
  images = ['web:1'],
  replicas = 1,
  available = replicas,
  ...made
}: MadeSet): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: metadataOf(made),
    spec: {
      replicas,
      selector: {},
      template: {
        spec: { containers: images.map((image, index) => ({ name: `c${index}`, image })) },
      },
    },
    status: { replicas, availableReplicas: available, observedGeneration: 1 },
  };
}

function podOf(made: Made & { readonly restarts?: number; readonly waits?: string }): Pod {
  const { restarts = 0, waits } = made;
  const state = waits === undefined ? { running: {} } : { waiting: { reason: waits } };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadataOf(made),
    spec: { containers: [{ name: 'c0', image: 'web:1' }] },
    status: {
      phase: 'Running',
      containerStatuses: [
        { name: 'c0', ready: waits === undefined, restartCount: restarts, state },
      ],
    },
  };
}

function experimentOf({ phase, ...made }: Made & { readonly phase?: string }): Experiment {
  return {
    apiVersion: APP,
    kind: 'Experiment',
    metadata: metadataOf(made),
    spec: { templates: [] },
    ...(phase === undefined ? {} : { status: { phase } }),
  };
}

type Results = NonNullable<NonNullable<AnalysisRun['status']>['metricResults']>;

function runOf({
  phase = 'Running',
  results = [],
  ...made
}: Made & { readonly phase?: string; readonly results?: Results }): AnalysisRun {
  return {
    apiVersion: APP,
    kind: 'AnalysisRun',
    metadata: metadataOf(made),
    spec: { metrics: [] },
    status: { phase, metricResults: results },
  };
}

function rolloutOf(spec: Partial<Rollout['spec']>, status: Rollout['status'] & object): Rollout {
  return {
    apiVersion: APP,
    kind: 'Rollout',
    metadata: metadataOf({ name: 'web', age: 3600 }),
    spec: { replicas: 3, ...spec },
    status: { observedGeneration: '1', ...status },
  };
}

function familyOf(objects: readonly KubeObject[]): Family {
  const of = <T extends KubeObject>(kind: string): readonly T[] =>
    objects.filter((object): object is T => object.kind === kind);
  return {
    replicaSets: of('ReplicaSet'),
    pods: of('Pod'),
    experiments: of('Experiment'),
    analysisRuns: of('AnalysisRun'),
  };
}

function shown(rollout: Rollout, objects: readonly KubeObject[], paint = PLAIN): readonly string[] {
  const text = rolloutText(rollout, { family: familyOf(objects), now: instant(NOW), paint });
  expect(text.endsWith('\n')).toBe(true);
  return text.slice(0, -1).split('\n');
}

const STEPS = {
  canary: { steps: [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }], trafficRouting: {} },
};

describe('get rollout', () => {
  it('shows a canary with everything that it may own, newest revision first', () => {
    const rollout = rolloutOf(
      { strategy: STEPS },
      {
        phase: 'Progressing',
        message: 'more replicas need to be updated',
        currentStepIndex: 1,
        stableRS: 'a',
        currentPodHash: 'b',
        replicas: 4,
        updatedReplicas: 1,
        readyReplicas: 3,
        availableReplicas: 3,
        canary: { weights: { canary: { weight: 15 }, stable: { weight: 85 } } },
      },
    );
    const job = { 'job-name': 'check-job-1' };
    const objects = [
      setOf({ name: 'web-a', owner: 'web', revision: 1, hash: 'a', replicas: 3, age: 3500 }),
      podOf({ name: 'web-a-2', owner: 'web-a', age: 3000 }),
      podOf({ name: 'web-a-3', owner: 'web-a', age: 3500, restarts: 2 }),
      podOf({ name: 'web-a-1', owner: 'web-a', age: 3000 }),
      setOf({
        name: 'web-b',
        owner: 'web',
        revision: 2,
        hash: 'b',
        images: ['web:2'],
        available: 0,
        age: 100,
      }),
      podOf({ name: 'web-b-1', owner: 'web-b', age: 99, waits: 'CrashLoopBackOff', restarts: 5 }),
      setOf({
        name: 'web-0',
        owner: 'web',
        revision: 0,
        hash: 'c',
        replicas: 0,
        age: 90_000,
        annotations: { 'scale-down-deadline': ago(1) },
      }),
      experimentOf({ name: 'late', owner: 'web', revision: 2, phase: 'Running', age: 50 }),
      experimentOf({ name: 'older', owner: 'web', revision: 2, phase: 'Failed', age: 90 }),
      setOf({
        name: 'late-z',
        owner: 'late',
        images: ['web:2'],
        annotations: {
          'experiment.argoproj.io/template-name': 'try',
          'scale-down-deadline': ago(-135),
        },
      }),
      setOf({
        name: 'late-a',
        owner: 'late',
        annotations: { 'experiment.argoproj.io/template-name': 'base' },
      }),
      runOf({ name: 'late-check', owner: 'late', phase: 'Pending', age: 40 }),
      runOf({
        name: 'check-1',
        owner: 'web',
        revision: 2,
        phase: 'Running',
        age: 30,
        results: [
          {
            name: 'm',
            phase: 'Running',
            successful: 2,
            failed: 1,
            measurements: [{ phase: 'Successful', metadata: job, startedAt: ago(20) }],
          },
          {
            name: 'n',
            phase: 'Running',
            successful: 1,
            inconclusive: 1,
            error: 4,
            measurements: [{ phase: 'Error' }],
          },
        ],
      }),
      runOf({ name: 'check-2', owner: 'web', revision: 2, phase: 'Successful', age: 30 }),
      runOf({ name: 'check-0', owner: 'web', revision: 2, phase: 'Inconclusive', age: 35 }),
      setOf({ name: 'stranger', owner: 'another', revision: 9 }),
      podOf({ name: 'lonely' }),
    ];
    expect(shown(rollout, objects)).toEqual([
      'Name:            web',
      'Namespace:       shop',
      'Status:          ◌ Progressing',
      'Message:         more replicas need to be updated',
      'Strategy:        Canary',
      '  Step:          1/3',
      '  SetWeight:     20',
      '  ActualWeight:  15',
      'Images:          web:1 (stable, Σ:base)',
      '                 web:2 (canary, Σ:try)',
      'Replicas:',
      '  Desired:       3',
      '  Current:       4',
      '  Updated:       1',
      '  Ready:         3',
      '  Available:     3',
      '',
      'NAME                    KIND         STATUS              AGE   INFO',
      '⟳ web                   Rollout      ◌ Progressing       60m   ',
      '├──# revision:2                                                ',
      '│  ├──⧉ web-b           ReplicaSet   ◌ Progressing       100s  canary',
      '│  │  └──□ web-b-1      Pod          ✖ CrashLoopBackOff  99s   ready:0/1,restarts:5',
      '│  ├──Σ older           Experiment   ✖ Failed            90s   ',
      '│  ├──Σ late            Experiment   ◌ Running           50s   ',
      '│  │  ├──⧉ late-a       ReplicaSet   ✔ Healthy           60s   ',
      '│  │  ├──⧉ late-z       ReplicaSet   ✔ Healthy           60s   delay:2m15s',
      '│  │  └──α late-check   AnalysisRun  ◷ Pending           40s   ',
      '│  ├──α check-0         AnalysisRun  ? Inconclusive      35s   ',
      '│  ├──α check-2         AnalysisRun  ✔ Successful        30s   ',
      '│  └──α check-1         AnalysisRun  ◌ Running           30s   ✔ 3,✖ 1,? 1,⚠ 4',
      '│     └──⊞ check-job-1  Job          ✔ Successful        20s   ',
      '├──# revision:1                                                ',
      '│  └──⧉ web-a           ReplicaSet   ✔ Healthy           58m   stable',
      '│     ├──□ web-a-3      Pod          ✔ Running           58m   ready:1/1,restarts:2',
      '│     ├──□ web-a-1      Pod          ✔ Running           50m   ready:1/1',
      '│     └──□ web-a-2      Pod          ✔ Running           50m   ready:1/1',
      '└──# revision:0                                                ',
      '   └──⧉ web-0           ReplicaSet   • ScaledDown        25h   delay:passed',
    ]);
  });

  it('shows a blue-green with both its services, and a set that waits to go', () => {
    const rollout = rolloutOf(
      { strategy: { blueGreen: { activeService: 'a', previewService: 'p' } } },
      {
        phase: 'Paused',
        message: 'BlueGreenPause',
        stableRS: 'b',
        currentPodHash: 'c',
        replicas: 9,
        updatedReplicas: 3,
        readyReplicas: 3,
        availableReplicas: 3,
        blueGreen: { activeSelector: 'b', previewSelector: 'c' },
      },
    );
    const objects = [
      setOf({
        name: 'web-a',
        owner: 'web',
        revision: 1,
        hash: 'a',
        replicas: 3,
        annotations: { 'scale-down-deadline': ago(-23) },
      }),
      setOf({
        name: 'web-b',
        owner: 'web',
        revision: 2,
        hash: 'b',
        replicas: 3,
        images: ['web:2'],
      }),
      setOf({
        name: 'web-c',
        owner: 'web',
        revision: 3,
        hash: 'c',
        replicas: 3,
        images: ['web:3', 'side:1'],
      }),
    ];
    expect(shown(rollout, objects)).toEqual([
      'Name:            web',
      'Namespace:       shop',
      'Status:          ॥ Paused',
      'Message:         BlueGreenPause',
      'Strategy:        BlueGreen',
      'Images:          side:1 (preview)',
      '                 web:1',
      '                 web:2 (stable, active)',
      '                 web:3 (preview)',
      'Replicas:',
      '  Desired:       3',
      '  Current:       9',
      '  Updated:       3',
      '  Ready:         3',
      '  Available:     3',
      '',
      'NAME             KIND        STATUS     AGE  INFO',
      '⟳ web            Rollout     ॥ Paused   60m  ',
      '├──# revision:3                              ',
      '│  └──⧉ web-c    ReplicaSet  ✔ Healthy  60s  preview',
      '├──# revision:2                              ',
      '│  └──⧉ web-b    ReplicaSet  ✔ Healthy  60s  stable,active',
      '└──# revision:1                              ',
      '   └──⧉ web-a    ReplicaSet  ✔ Healthy  60s  delay:23s',
    ]);
  });

  it('unites the parts of an image in the order of bytes when it is seen again', () => {
    const rollout = rolloutOf(
      { strategy: { blueGreen: { activeService: 'a' } } },
      { phase: 'Healthy', stableRS: 'a', blueGreen: { activeSelector: 'a', previewSelector: 'b' } },
    );
    const objects = [
      setOf({ name: 'web-a', owner: 'web', revision: 1, hash: 'a' }),
      setOf({ name: 'web-b', owner: 'web', revision: 2, hash: 'b' }),
      setOf({
        name: 'web-c',
        owner: 'web',
        revision: 2,
        hash: 'c',
        replicas: 0,
        images: ['gone:1'],
      }),
    ];
    const images = shown(rollout, objects).filter((line) => line.startsWith('Images:'));
    expect(images).toEqual(['Images:          web:1 (active, preview, stable)']);
  });

  it('leaves out what there is not', () => {
    const { status: _none, ...bare } = rolloutOf({}, {});
    const empty = { ...bare, spec: {} };
    expect(shown(empty, [])).toEqual([
      'Name:            web',
      'Namespace:       shop',
      'Status:          ◌ Progressing',
      'Message:         more replicas need to be updated',
      'Strategy:        ',
      'Replicas:',
      '  Desired:       1',
      '  Current:       0',
      '  Updated:       0',
      '  Ready:         0',
      '  Available:     0',
      '',
      'NAME   KIND     STATUS         AGE  INFO',
      '⟳ web  Rollout  ◌ Progressing  60m  ',
    ]);
  });

  it('says nothing for a deadline that is no time', () => {
    const rollout = rolloutOf({ strategy: STEPS }, { phase: 'Healthy', stableRS: 'a' });
    const set = { name: 'web-a', owner: 'web', revision: 1, hash: 'a' };
    const infos = ['', 'soon'].map((deadline) => {
      const made = setOf({ ...set, annotations: { 'scale-down-deadline': deadline } });
      return shown(rollout, [made]).at(-1)?.split('  ').at(-1);
    });
    expect(infos).toEqual(['stable', 'stable,delay:']);
  });

  it('colours icons, parts and names, and nothing else', () => {
    const rollout = rolloutOf(
      { strategy: { blueGreen: { activeService: 'a' } } },
      { phase: 'Degraded', stableRS: 'a', blueGreen: { activeSelector: 'a' } },
    );
    const objects = [
      setOf({ name: 'web-a', owner: 'web', revision: 1, hash: 'a' }),
      setOf({ name: 'web-b', owner: 'web', revision: 1, hash: 'b', replicas: 0 }),
      experimentOf({ name: 'try', owner: 'web', revision: 1 }),
      runOf({
        name: 'check',
        owner: 'web',
        revision: 1,
        phase: 'Running',
        results: [{ name: 'm', phase: 'Running', successful: 2, failed: 1 }],
      }),
    ];
    const paint = (code: number, text: string) => `\u001B[${code}m${text}\u001B[0m`;
    const lines = shown(rollout, objects, COLOURED);
    expect(lines[2]).toBe(`Status:          ${paint(31, '✖')} Degraded`);
    expect(lines.find((line) => line.startsWith('Images:'))).toBe(
      `Images:          web:1 (${paint(32, 'stable')}, ${paint(32, 'active')})`,
    );
    expect(lines.slice(-6)).toEqual([
      `⟳ web            Rollout      ${paint(31, '✖')} Degraded    60m  `,
      '└──# revision:1                                  ',
      `   ├──⧉ ${paint(32, paint(32, 'web-a'))}    ReplicaSet   ${paint(32, '✔')} Healthy     60s  ${paint(32, 'stable')},${paint(32, 'active')}`,
      `   ├──⧉ web-b    ReplicaSet   ${paint(0, '•')} ScaledDown  60s  `,
      `   ├──Σ ${paint(0, 'try')}      Experiment   ${paint(0, ' ')}             60s  `,
      `   └──α ${paint(94, 'check')}    AnalysisRun  ${paint(94, '◌')} Running     60s  ${paint(32, '✔')} 2,${paint(31, '✖')} 1`,
    ]);
  });
});

describe('the weights of a canary', () => {
  const ROUTED = STEPS.canary;
  const BASIC = { steps: STEPS.canary.steps };
  const MID = { currentStepIndex: 1, stableRS: 'a', currentPodHash: 'b', availableReplicas: 7 };
  const set = setOf({
    name: 'web-b',
    owner: 'web',
    revision: 2,
    hash: 'b',
    replicas: 3,
    available: 2,
  });
  it.each([
    {
      canary: ROUTED,
      status: MID,
      is: '1/3 20 20',
      reason: 'not yet told to the router: what is wanted',
    },
    {
      canary: ROUTED,
      status: { ...MID, canary: { weights: { canary: { weight: 5 }, stable: { weight: 95 } } } },
      is: '1/3 20 5',
      reason: 'what the router was told',
    },
    {
      canary: ROUTED,
      status: { ...MID, availableReplicas: 0 },
      is: '1/3 20 0',
      reason: 'nothing is available',
    },
    { canary: ROUTED, status: { ...MID, abort: true }, is: '1/3 0 0', reason: 'aborted' },
    {
      canary: ROUTED,
      status: { ...MID, currentStepIndex: 3 },
      is: '3/3 100 100',
      reason: 'past the last step',
    },
    {
      canary: { ...ROUTED, trafficRouting: { maxTrafficWeight: 1000 } },
      status: { ...MID, currentStepIndex: 3 },
      is: '3/3 1000 1000',
      reason: 'all the traffic that there is',
    },
    { canary: BASIC, status: MID, is: '1/3 20 28', reason: 'the share of pods, cut: 2 of 7' },
    {
      canary: BASIC,
      status: { ...MID, currentPodHash: 'c' },
      is: '1/3 20 0',
      reason: 'no set of the new version',
    },
    { canary: {}, status: MID, is: ' 100 100', reason: 'no steps' },
    {
      canary: BASIC,
      status: { ...MID, currentStepIndex: undefined },
      is: ' 20 28',
      reason: 'no index counts as the first, and is not shown',
    },
    {
      canary: { steps: [{ pause: {} }, { setWeight: 30 }] },
      status: { ...MID, currentStepIndex: 0 },
      is: '0/2 0 28',
      reason: 'before the first weight',
    },
  ])('are $is: $reason', ({ canary, status, is }) => {
    const rollout = rolloutOf({ strategy: { canary } }, status as Rollout['status'] & object);
    const values = shown(rollout, [set])
      .filter((line) => /^ {2}(?:Step|SetWeight|ActualWeight):/.test(line))
      .map((line) => line.slice(17));
    expect(values.join(' ')).toBe(is);
  });
});

describe('get experiment', () => {
  it('shows its own sets and runs', () => {
    const experiment = experimentOf({ name: 'try', age: 90, phase: 'Running' });
    const objects = [
      setOf({
        name: 'try-b',
        owner: 'try',
        images: ['web:2'],
        annotations: { 'experiment.argoproj.io/template-name': 'canary' },
      }),
      setOf({
        name: 'try-a',
        owner: 'try',
        annotations: { 'experiment.argoproj.io/template-name': 'base' },
      }),
      podOf({ name: 'try-a-1', owner: 'try-a' }),
      setOf({ name: 'plain', owner: 'try', images: ['web:3'] }),
      runOf({ name: 'try-check', owner: 'try', phase: 'Error' }),
    ];
    const text = experimentText(
      {
        ...experiment,
        status: { ...experiment.status, message: 'why' },
      },
      { family: familyOf(objects), now: instant(NOW), paint: PLAIN },
    );
    expect(text.split('\n')).toEqual([
      'Name:            try',
      'Namespace:       shop',
      'Status:          ◌ Running',
      'Message:         why',
      'Images:          web:1 (Σ:base)',
      '                 web:2 (Σ:canary)',
      '                 web:3',
      '',
      'NAME             KIND         STATUS     AGE  INFO',
      'Σ try            Experiment   ◌ Running  90s  ',
      '├──⧉ plain       ReplicaSet   ✔ Healthy  60s  ',
      '├──⧉ try-a       ReplicaSet   ✔ Healthy  60s  ',
      '│  └──□ try-a-1  Pod          ✔ Running  60s  ready:1/1',
      '├──⧉ try-b       ReplicaSet   ✔ Healthy  60s  ',
      '└──α try-check   AnalysisRun  ⚠ Error    60s  ',
      '',
    ]);
  });

  it('shows two blanks for the status of one that nobody has looked at', () => {
    const text = experimentText(experimentOf({ name: 'new' }), {
      family: familyOf([]),
      now: instant(NOW),
      paint: PLAIN,
    });
    expect(text.split('\n')).toEqual([
      'Name:            new',
      'Namespace:       shop',
      'Status:            ',
      '',
      'NAME   KIND        STATUS  AGE  INFO',
      'Σ new  Experiment          60s  ',
      '',
    ]);
  });
});
