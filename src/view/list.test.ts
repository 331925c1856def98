import { describe, expect, it } from 'vitest';
import type { Experiment } from '../api/experiment.ts';
import type { Rollout } from '../api/rollout.ts';
import { formatInstant, instant } from '../lib/time.ts';
import { experimentList, rolloutList, rolloutRows } from './list.ts';

const NOW = instant(Date.UTC(2026, 0, 2, 3, 4, 5));
const OPTIONS = { now: NOW, allNamespaces: false, timestamps: false };

function ago(seconds: number): string {
  return formatInstant(instant(NOW - seconds * 1000));
}

function rolloutOf(
  name: string,
  spec: Rollout['spec'],
  status: Rollout['status'] & object,
): Rollout {
  const metadata = { name, namespace: 'shop', generation: 1 };
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata, spec, status };
}

const GUESTBOOK = rolloutOf(
  'can-guestbook',
  {
    replicas: 5,
    strategy: { canary: { steps: [{ setWeight: 5 }, { setWeight: 10 }, { pause: {} }] } },
  },
  {
    phase: 'Progressing',
    currentStepIndex: 1,
    readyReplicas: 1,
    replicas: 4,
    updatedReplicas: 3,
    availableReplicas: 2,
  },
);

describe('list rollouts', () => {
  it('has the columns of the published sample', () => {
    expect(rolloutList([GUESTBOOK], OPTIONS)).toBe(
      'NAME           STRATEGY   STATUS        STEP  SET-WEIGHT  READY  DESIRED  UP-TO-DATE  AVAILABLE\n' +
        'can-guestbook  Canary     Progressing   1/3   10          1/4    5        3           2        \n',
    );
  });

  it('has a dash for what a strategy does not have', () => {
    const rows = [
      rolloutOf(
        'a',
        { strategy: { blueGreen: { activeService: 'a' } } },
        { phase: 'Paused', currentStepIndex: 1 },
      ),
      rolloutOf('b', { strategy: { canary: {} } }, { phase: 'Healthy', currentStepIndex: 0 }),
      rolloutOf('c', {}, { phase: 'Degraded' }),
    ];
    expect(rolloutRows(rows, OPTIONS)).toBe(
      'a           BlueGreen  Paused        -     -           0/0    1        0           0        \n' +
        'b           Canary     Healthy       -     100         0/0    1        0           0        \n' +
        'c           unknown    Degraded      -     -           0/0    1        0           0        \n',
    );
  });

  it('puts time and namespace in front', () => {
    const all = { now: NOW, allNamespaces: true, timestamps: true };
    expect(rolloutList([GUESTBOOK], all).split('\n').slice(0, 2)).toEqual([
      'TIMESTAMP             NAMESPACE  NAME           STRATEGY   STATUS        STEP  SET-WEIGHT  READY  DESIRED  UP-TO-DATE  AVAILABLE',
      '2026-01-02T03:04:05Z  shop       can-guestbook  Canary     Progressing   1/3   10          1/4    5        3           2        ',
    ]);
  });
});

function experimentOf(
  name: string,
  duration: string | undefined,
  status: Partial<Experiment['status'] & object> = {},
): Experiment {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Experiment',
    metadata: { name, namespace: 'shop', creationTimestamp: ago(150) },
    spec: { templates: [], ...(duration === undefined ? {} : { duration }) },
    status: status,
  };
}

describe('list experiments', () => {
  it('tells how long each lasts and how much of it is left', () => {
    const rows = [
      experimentOf('endless', undefined, { phase: 'Running', availableAt: ago(60) }),
      experimentOf('running', '5m', { phase: 'Running', availableAt: ago(100) }),
      experimentOf('over', '1m', { phase: 'Running', availableAt: ago(100) }),
      experimentOf('done', '1h', { phase: 'Successful', availableAt: ago(100) }),
      experimentOf('starting', '90s', { phase: 'Pending' }),
      experimentOf('broken', 'soon', {}),
    ];
    expect(experimentList(rows, OPTIONS)).toBe(
      [
        'NAME        STATUS      DURATION  REMAINING  AGE',
        'endless     Running     -         -          2m30s',
        'running     Running     5m        3m20s      2m30s',
        'over        Running     60s       -          2m30s',
        'done        Successful  60m       -          2m30s',
        'starting    Pending     90s       -          2m30s',
        'broken                  -         -          2m30s',
        '',
      ].join('\n'),
    );
  });

  it('puts the namespace in front', () => {
    expect(experimentList([experimentOf('a', '1m')], { ...OPTIONS, allNamespaces: true })).toBe(
      'NAMESPACE  NAME        STATUS  DURATION  REMAINING  AGE\nshop       a                   60s       -          2m30s\n',
    );
  });
});
