import { describe, expect, it } from 'vitest';
import type { ContainerStatus, Pod } from '../api/kubernetes.ts';
import { podIcon } from './icons.ts';
import { podView } from './pod.ts';

type State = NonNullable<ContainerStatus['state']>;

const running: State = { running: {} };
const waiting = (reason: string): State => ({ waiting: { reason } });
const ended = (exitCode: number, reason = '', signal = 0): State => ({
  terminated: {
    exitCode,
    ...(reason === '' ? {} : { reason }),
    ...(signal === 0 ? {} : { signal }),
  },
});

interface Given {
  readonly name?: string;
  readonly state: State;
  readonly ready?: boolean;
  readonly started?: boolean;
  readonly restarts?: number;
}

function statuses(prefix: string, given: readonly Given[]): readonly ContainerStatus[] {
  return given.map(({ name, state, ready = false, started, restarts = 0 }, index) => ({
    name: name ?? `${prefix}${index}`,
    ready,
    restartCount: restarts,
    state,
    ...(started === undefined ? {} : { started }),
  }));
}

interface Row {
  readonly phase?: string;
  readonly podReason?: string;
  readonly init?: readonly Given[];
  readonly main?: readonly Given[];
  readonly deleted?: boolean;
  readonly is: string;
  readonly reason: string;
}

/** A pod with two init containers, the second a sidecar if it is named so, and two containers. */
function podOf({ phase = 'Running', podReason, init = [], main = [], deleted = false }: Row): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'web',
      ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: {
      initContainers: [
        { name: 'init0', image: 'i' },
        { name: 'side', image: 's', restartPolicy: 'Always' },
      ],
      containers: [
        { name: 'main0', image: 'a' },
        { name: 'main1', image: 'b' },
      ],
    },
    status: {
      phase,
      ...(podReason === undefined ? {} : { reason: podReason }),
      initContainerStatuses: statuses('init', init),
      containerStatuses: statuses('main', main),
    },
  };
}

const up: Given = { state: running, ready: true };
const BOTH = [up, up];

/** `is`: word, ready/total, restarts. */
const ROWS: readonly Row[] = [
  { phase: 'Pending', is: 'Pending 0/2 0', reason: 'the phase, when nothing else is known' },
  {
    podReason: 'Evicted',
    phase: 'Failed',
    is: 'Evicted 0/2 0',
    reason: 'the pod’s own reason goes before its phase',
  },
  { main: BOTH, is: 'Running 2/2 0', reason: 'all up' },
  { main: [up, { state: running }], is: 'Running 1/2 0', reason: 'running, not ready' },
  {
    main: [{ state: waiting('ContainerCreating') }],
    phase: 'Pending',
    is: 'ContainerCreating 0/2 0',
    reason: 'what a container waits for',
  },
  {
    main: [{ state: waiting('ErrImagePull') }, { state: waiting('CrashLoopBackOff'), restarts: 3 }],
    is: 'ErrImagePull 0/2 3',
    reason: 'the first container has the last word',
  },
  {
    main: [up, { state: waiting('CrashLoopBackOff'), restarts: 3 }],
    is: 'CrashLoopBackOff 1/2 3',
    reason: 'one that runs says nothing',
  },
  {
    main: [up, { state: waiting('') }],
    is: 'Running 1/2 0',
    reason: 'waiting without a reason says nothing',
  },
  {
    main: [up, { state: ended(137, 'OOMKilled'), restarts: 1 }],
    is: 'OOMKilled 1/2 1',
    reason: 'the reason of an end',
  },
  { main: [up, { state: ended(137, '', 9) }], is: 'Signal:9 1/2 0', reason: 'its signal' },
  { main: [up, { state: ended(3) }], is: 'ExitCode:3 1/2 0', reason: 'or its exit code' },
  {
    main: [{ state: ended(0, 'Completed') }, { state: ended(0, 'Completed') }],
    phase: 'Succeeded',
    is: 'Completed 0/2 0',
    reason: 'all done',
  },
  {
    main: [{ state: ended(0, 'Completed') }, up],
    is: 'Running 1/2 0',
    reason: 'one is done, another runs',
  },
  {
    main: [{ state: ended(1, 'Error') }, up],
    is: 'Error 1/2 0',
    reason: 'one has failed, another runs',
  },
  {
    main: [
      { state: running, ready: true, restarts: 2 },
      { state: running, ready: true, restarts: 5 },
    ],
    is: 'Running 2/2 7',
    reason: 'restarts of all',
  },
  {
    init: [{ state: running, restarts: 1 }],
    main: [{ state: waiting('PodInitializing') }],
    phase: 'Pending',
    is: 'Init:0/2 0/2 1',
    reason: 'the first init container',
  },
  {
    init: [{ state: waiting('PodInitializing') }],
    phase: 'Pending',
    is: 'Init:0/2 0/2 0',
    reason: 'waiting for its turn is no reason',
  },
  {
    init: [{ state: waiting('ErrImagePull') }],
    phase: 'Pending',
    is: 'Init:ErrImagePull 0/2 0',
    reason: 'what it waits for',
  },
  {
    init: [{ state: ended(1, 'Error'), restarts: 4 }],
    phase: 'Pending',
    is: 'Init:Error 0/2 4',
    reason: 'how it ended',
  },
  {
    init: [{ state: ended(139, '', 11) }],
    phase: 'Pending',
    is: 'Init:Signal:11 0/2 0',
    reason: 'its signal',
  },
  {
    init: [{ state: ended(2) }],
    phase: 'Pending',
    is: 'Init:ExitCode:2 0/2 0',
    reason: 'its exit code',
  },
  {
    init: [
      { state: ended(0, 'Completed'), restarts: 2 },
      { state: running, restarts: 3 },
    ],
    phase: 'Pending',
    is: 'Init:1/2 0/2 5',
    reason: 'the second, with the restarts of both',
  },
  {
    init: [{ state: ended(0, 'Completed'), restarts: 2 }],
    main: [{ ...up, restarts: 1 }, up],
    is: 'Running 2/2 1',
    reason: 'once they are through only the containers count',
  },
  {
    init: [{ state: ended(0) }, { name: 'side', state: running, ready: true, started: true }],
    main: BOTH,
    is: 'Running 2/2 0',
    reason: 'a sidecar that is ready is passed',
  },
  {
    init: [{ state: ended(0) }, { name: 'side', state: running, started: true, restarts: 9 }],
    main: BOTH,
    is: 'Running 2/2 0',
    reason: 'one that is not holds nothing up',
  },
  {
    init: [{ state: ended(0) }, { name: 'side', state: running, started: false }],
    phase: 'Pending',
    is: 'Init:1/2 0/2 0',
    reason: 'one that has not started does',
  },
  {
    init: [{ state: ended(0) }, { name: 'side', state: ended(1, 'Error'), started: true }],
    phase: 'Pending',
    is: 'Init:Error 0/2 0',
    reason: 'one that has ended does too',
  },
  { main: BOTH, deleted: true, is: 'Terminating 2/2 0', reason: 'it is being deleted' },
  {
    podReason: 'NodeLost',
    main: BOTH,
    deleted: true,
    is: 'Unknown 2/2 0',
    reason: 'its node has gone',
  },
  {
    podReason: 'NodeLost',
    main: BOTH,
    is: 'NodeLost 2/2 0',
    reason: 'its node has gone, and nobody deletes it',
  },
  {
    init: [{ state: running, restarts: 1 }],
    deleted: true,
    is: 'Terminating 0/2 1',
    reason: 'deleted while it starts',
  },
];

describe('a pod is shown', () => {
  it.each(ROWS)('as $is: $reason', (row) => {
    const { status, ready, total, restarts } = podView(podOf(row));
    expect(`${status} ${ready}/${total} ${restarts}`).toBe(row.is);
  });
});

describe('a pod’s icon', () => {
  it.each([
    {
      words: [
        'Init:0/1',
        'Init:Error',
        'Init:ErrImagePull',
        'Pending',
        'Terminating',
        'ContainerCreating',
      ],
      icon: '◌',
      colour: 'blue',
    },
    {
      words: ['Signal:9', 'ExitCode:1', 'Failed', 'InvalidImageName', 'CrashLoopBackOff'],
      icon: '✖',
      colour: 'red',
    },
    {
      words: [
        'Error',
        'RunContainerError',
        'CreateContainerConfigError',
        'ErrImagePull',
        'ErrImageNeverPull',
        'ImagePullBackOff',
        'RegistryUnavailable',
      ],
      icon: '⚠',
      colour: 'red',
    },
    { words: ['Running', 'Completed'], icon: '✔', colour: 'green' },
    { words: ['Unknown'], icon: '?', colour: 'yellow' },
    {
      words: ['Evicted', 'OOMKilled', 'PodInitializing', 'Succeeded', ''],
      icon: ' ',
      colour: 'none',
    },
  ])('is $icon for $words', ({ words, icon, colour }) => {
    for (const word of words) expect(podIcon(word)).toEqual({ text: icon, colour });
  });
});
