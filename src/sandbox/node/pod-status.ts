// The statuses that a node writes for its pods, as data.
import type { Container, ContainerState, ContainerStatus, Pod } from '../../api/kubernetes.ts';
import type { Instant } from '../../lib/ports.ts';
import { formatInstant } from '../../lib/time.ts';

export interface Seen {
  readonly now: Instant;
  readonly podIp: string;
  readonly startTime: string;
  /** By container name. */
  readonly states: ReadonlyMap<string, ContainerView>;
  readonly isReady: boolean;
}

export interface ContainerView {
  readonly state: ContainerState;
  readonly restartCount: number;
  readonly lastState?: ContainerState;
}

export const HOST_IP = '10.0.0.1';

function containersOf({ spec }: Pod): readonly Container[] {
  return spec.containers ?? [];
}

function phaseOf(pod: Pod, { states }: Seen): string {
  const all = containersOf(pod).map(({ name }) => states.get(name)?.state);
  const restarts = pod.spec.restartPolicy ?? 'Always';
  const isOver = all.every((state) => state?.terminated !== undefined);
  if (isOver && restarts !== 'Always') {
    const isFine = all.every((state) => state?.terminated?.exitCode === 0);
    if (isFine) return 'Succeeded';
    if (restarts === 'Never') return 'Failed';
  }
  const hasStarted = all.some((state) => state?.running !== undefined);
  const hasRun = [...states.values()].some(
    ({ restartCount, state }) => restartCount > 0 || state.terminated !== undefined,
  );
  return hasStarted || hasRun ? 'Running' : 'Pending';
}

function containerStatus(container: Container, seen: Seen): ContainerStatus {
  const view = seen.states.get(container.name);
  const isRunning = view?.state.running !== undefined;
  return {
    name: container.name,
    image: container.image ?? '',
    imageID: isRunning ? `builtin://${container.image ?? ''}` : '',
    ready: isRunning && seen.isReady,
    started: isRunning,
    restartCount: view?.restartCount ?? 0,
    state: view?.state ?? { waiting: { reason: 'ContainerCreating' } },
    lastState: view?.lastState ?? {},
    ...(isRunning ? { containerID: `builtin://${container.name}` } : {}),
  };
}

/** Moments change only with what they tell of. */
function conditions(pod: Pod, seen: Seen, phase: string) {
  const now = formatInstant(seen.now);
  const isReady = seen.isReady && phase === 'Running';
  const notReady = phase === 'Succeeded' ? 'PodCompleted' : 'ContainersNotReady';
  const wanted = [
    { type: 'Initialized', status: 'True' },
    { type: 'Ready', status: isReady ? 'True' : 'False', ...(isReady ? {} : { reason: notReady }) },
    {
      type: 'ContainersReady',
      status: isReady ? 'True' : 'False',
      ...(isReady ? {} : { reason: notReady }),
    },
    { type: 'PodScheduled', status: 'True' },
  ];
  return wanted.map((condition) => {
    const before = pod.status?.conditions?.find(({ type }) => type === condition.type);
    const isSame = before?.status === condition.status;
    return {
      ...condition,
      lastProbeTime: null,
      lastTransitionTime: isSame ? (before.lastTransitionTime ?? now) : now,
    };
  });
}

/** The whole status of a pod on the node. */
export function podStatus(pod: Pod, seen: Seen): NonNullable<Pod['status']> {
  const phase = phaseOf(pod, seen);
  return {
    phase,
    qosClass: pod.status?.qosClass ?? 'BestEffort',
    hostIP: HOST_IP,
    hostIPs: [{ ip: HOST_IP }],
    podIP: seen.podIp,
    podIPs: [{ ip: seen.podIp }],
    startTime: seen.startTime,
    conditions: conditions(pod, seen, phase),
    containerStatuses: containersOf(pod).map((container) => containerStatus(container, seen)),
  };
}
